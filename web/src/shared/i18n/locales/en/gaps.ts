/** The gap report. The API's sentences are Chinese; these say the same by code. */
export default {
  text: 'WeChat has no call that lists complaints: a lost push is a complaint nobody sees. Here every place where one may be missed is checked, with a way out', again: 'Check again', checked: 'What was checked', asked: 'Requested',
  none: 'Nothing looks missed', noneText: 'Pushes, readings, permissions and silences have been checked', more: '{n} more are not listed; deal with these first',
  check: {
    platform: 'Ticket and token of the third-party platform', programs: 'Authorisation and permissions of {n} mini programs', silence: 'Time between pushes of {n} mini programs; those with few complaints don\'t count', deliveries: 'Pushes; {n} are unfinished', cases: 'Re-reading of {n} open complaints',
    numbers: '{n} complaint numbers in penalties',
  },
  fix: { replay: 'Process again', sync: 'Sync now', import: 'Import' },
  say: {
    ticket_missing: 'No ticket has arrived from WeChat yet', ticket_old: 'No new WeChat ticket for {minutes} minutes', token_missing: 'No platform token: {reason}', program_revoked: '"{program}" is no longer authorised',
    permission_missing: '"{program}" lacks the permission "{name}"', direct_secret: 'The AppSecret of "{program}" does not work', push_refused: 'Pushes of "{program}" differ from the settings and were refused', push_url_unchecked: 'Nothing was ever pushed for "{program}"',
    push_silent: 'No push for "{program}" for {days} days; the longest so far was {longest}', delivery_failed: 'A push could not be processed', delivery_stuck: 'A push is still not processed',
    sync_failed: 'Complaint {number} could not be synced', recheck_late: 'Complaint {number} is overdue for reading', complaint_unknown: 'WeChat names complaint {number}, which is not here',
  },
  then: {
    ticket_missing: 'Check the event URL, the firewall and the certificate', ticket_old: 'Check the event URL, the firewall and the certificate', token_missing: 'Until it is back no complaint can be read or answered', program_revoked: 'No new complaints arrive. The admin has to authorise again',
    permission_missing: 'The admin has to authorise again with this set ticked', direct_secret: 'Replace the AppSecret, or add this server to the IP whitelist', push_refused: 'Make message push in WeChat\'s console agree with the settings here', push_url_unchecked: 'Fill in the values of the mini program\'s page under message push in WeChat\'s console',
    push_silent: 'There may be none, or pushes are lost: look for new complaints in WeChat\'s console', delivery_failed: 'Look at it, and process it again once the cause is gone', delivery_stuck: 'It is retried; if it stays, see the server\'s log',
    sync_failed: 'What you see may be old, the deadline too', recheck_late: 'The server is busy, or today\'s calls are used up', complaint_unknown: 'After the import it is read at WeChat and followed as usual',
  },
}
