// Command bench measures the figures that design §7 promises and prints them as a table: how fast pushes are acknowledged, how soon a mail is out, start,
// memory, sizes. `make bench` runs it.
//
// It runs the built binary as its users do, against the simulator in its own process, with everything switched on: each push is stored with fsync, the case
// is read at WeChat, somebody is mailed. Load is open: every push has its moment, and a late answer does not delay the next push; times count from that
// moment. Product, database, simulator and load share the machine's cores, so the figures are worse than those of a server of its own.
package main
