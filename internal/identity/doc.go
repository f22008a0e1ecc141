// Package identity knows who is asking and what they may do: users, roles and rights, the programs a user is confined to, sessions, API
// tokens, the first-run set-up link, login throttling, and the audit trail.
//
// What it defends against, and how:
//
//   - a stolen database: passwords are argon2id, session and API tokens are stored as SHA-256 of 256 random bits, second-factor secrets are sealed;
//   - guessing: failures are counted in the database per account and per address, so that several instances count together, and every
//     further failure blocks for longer; at most two passwords are hashed at once per process, and the block is looked at again once it is
//     a guess's turn, so that a burst gains nothing;
//   - finding out who has an account: an unknown e-mail, a disabled user and a wrong password take the same time and give one answer;
//   - a session that lives on: disabling a user or changing a password ends every session in the same transaction, and a request that was
//     under way cannot store an ended session again;
//   - a second use: a set-up link and a one-time code are used up by compare-and-set, however many clicks arrive at once.
//
// The package decides what a principal may do (Principal.Can, Principal.Sees); the API asks, in one place, before it calls anything. It
// knows no HTTP, no complaint and no program beyond its id. What it changes, it records in the audit trail in the same transaction, so a
// caller records only facts of other packages.
package identity
