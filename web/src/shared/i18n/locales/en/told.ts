/**
 * What the server words in Chinese (timeline, statuses, permissions, reasons), for readers of English. Chinese has no file like this: it shows the server's own
 * sentence, which is also what stands here for anything unknown.
 */
export default {
  said: ': {text}',
  agree: 'Agreed', refuse: 'Refused', supplement: 'Added evidence', refund_proof: 'Uploaded proof of handling', appeal: 'Appealed',
  respond_failed: 'The response was not sent', supplement_failed: 'The evidence was not sent', refund_proof_failed: 'The proof was not sent', appeal_failed: 'The appeal was not sent',
  acknowledged: 'Has seen it', assigned: 'Made {about} responsible', unassigned: 'Made nobody responsible', found_by_penalty: 'Its push never came; found through a deduction',
  refund_requested: 'Started a refund of {about}', refund_requested_review: 'Started a refund of {about}, which waits for approval', refund_done: 'Refunded {about}', refund_failed: 'The refund of {about} failed',
  refund_parked: 'The refund of {about} did not go through', refund_closed: 'The refund of {about} was closed', refund_abnormal: 'The refund of {about} is stuck', refund_rejected: 'Did not approve the refund of {about}',
  refund_cancelled: 'Cancelled the refund of {about}', rule_waiting: 'Automatic', rule_handed_over: 'Left to people', rule_stopped: 'Automatic handling stopped',
  node_1: 'Buyer filed the complaint', node_2: 'Buyer added a message', node_3: 'Merchant added a message', node_7: 'Buyer added evidence', node_8: 'Merchant added evidence', node_11: 'Buyer asked the platform for help',
  node_12: 'Buyer withdrew the complaint', node_13: 'The platform is working on it', node_14: 'The platform wants evidence of the buyer', node_16: 'The platform wants evidence of the merchant',
  node_18: 'The platform wants evidence of both sides', node_26: 'Proof of handling not accepted; closed', node_37: 'Proof of handling not accepted; closed', node_30: 'Merchant not at fault; closed',
  node_33: 'Merchant not at fault; closed', node_31: 'Merchant at fault', node_32: 'Merchant at fault', node_31_proof: 'Merchant at fault; proof of handling wanted', node_32_proof: 'Merchant at fault; proof of handling wanted',
  node_31_return: 'Merchant at fault; the buyer returns the goods', node_32_return: 'Merchant at fault; the buyer returns the goods', node_36: 'Proof of handling verified; closed', node_101: 'Merchant did not respond in time',
  node_104: 'Buyer accepted; closed', node_107: 'Merchant gave no proof in time; the platform goes on', node_108: 'Buyer did not confirm in time; closed', node_109: 'Merchant responded', node_110: 'Merchant uploaded proof of handling',
  node_111: 'Buyer gave no evidence in time', node_112: 'Merchant gave no evidence in time', node_113: 'Neither side gave evidence in time', node_118: 'Compensated automatically at the merchant\'s expense',
  appeal_401: 'Can be appealed', appeal_402: 'The time to appeal is over', appeal_403: 'Appeal in progress', appeal_117: 'Appeal won', appeal_118: 'Appeal lost',
  status_0: 'being read', status_102: 'withdrawn by the buyer', status_112: 'closed', status_115: 'closed', status_116: 'closed', status_202: 'merchant was late, buyer to confirm', status_203: 'responded, buyer to confirm',
  status_204: 'responded, buyer to confirm', status_205: 'closed', status_207: 'platform verifies the proof', status_208: 'no proof in time', status_209: 'closed', status_308: 'merchant at fault, goods on their way back',
  status_309: 'merchant at fault, goods on their way back', status_311: 'trouble with the returned parcel', status_312: 'merchant at fault, platform refunds',
  status_101: 'platform is working on it', status_103: 'platform is working on it', status_104: 'platform is working on it', status_105: 'platform is working on it', status_107: 'platform is working on it',
  status_109: 'platform is working on it', status_305: 'platform is working on it', status_307: 'platform is working on it', status_310: 'platform is working on it',
  program_revoked: '"{program}" is no longer authorised', program_revoked_then: 'No new complaints arrive; the administrator has to authorise again',
  permission_missing: '"{program}" lacks the permission "{name}"', push_silent: 'No push for "{program}" for {days} days, longer than ever before', push_silent_then: 'There may be none, or pushes are lost',
  channel_failing: 'The channel "{name}" fails',
  set_76: 'no new complaints arrive and none can be answered', set_151: 'score and deductions cannot be read', set_19: 'evidence pictures cannot be uploaded',
  reason_escalation: 'nobody has confirmed seeing it', reason_digest: 'once a day', reason_fallback: 'another channel did not deliver', reason_warning: 'nobody subscribed to channel trouble', reason_mention: 'named in a note',
}
