// Package action performs what a merchant decided on a case: respond (and, on the same mechanism, whatever else WeChat lets a merchant do).
//
// The order is always: legal now? → intent row and job in one transaction → fresh detail → attempt row → call → outcome → sync again. An attempt
// is written before the call with outcome "unknown", so a process that dies in between leaves a row that says what to do next: read the case
// back, never call blindly again.
package action
