// Package fault kills the real binary while it works, on both engines, and proves the first two promises of design §7: nothing acknowledged is lost, and
// what was decided is done once. WeChat and the mail server are the simulator, inside the test process, so they outlive every kill.
//
// It drives the product only from outside: its command line, its HTTP API, WeChat's pushes. It may not call what it proves.
//
// The runs are short by default. ZHISU_FAULT_SECONDS=600 makes the kill loop long, ZHISU_FAULT_RATE sets the pushes per second (50), ZHISU_FAULT_SEED
// repeats the times of an earlier run's kills (each run logs its own).
package fault
