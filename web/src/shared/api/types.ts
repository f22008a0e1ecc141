/** Names for the shapes of the generated document, taken from the operations that answer with them. */
import type { paths } from './schema'

type Json<R> = R extends { content: { 'application/json': infer B } } ? B : never
type Good<O> = O extends { responses: infer R } ? Json<R[Extract<keyof R, 200 | 201 | 202>]> : never
type Sent<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : never
type ItemOf<L> = L extends { items: infer I } ? NonNullable<I> extends readonly (infer E)[] ? E : never : never
type Query<O> = O extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never

export type Me = Good<paths['/api/v1/me']['get']>
export type Platform = Good<paths['/api/v1/platform']['get']>
export type PlatformInput = Sent<paths['/api/v1/platform']['put']>
export type PlatformCheck = NonNullable<Platform['checks']>[number]
export type Program = ItemOf<Good<paths['/api/v1/programs']['get']>>
export type ComplaintSummary = ItemOf<Good<paths['/api/v1/complaints']['get']>>
export type ComplaintQuery = Query<paths['/api/v1/complaints']['get']>
export type ComplaintCounts = Good<paths['/api/v1/complaints/counts']['get']>
export type Complaint = Good<paths['/api/v1/complaints/{id}']['get']>
export type TimelineEntry = NonNullable<Complaint['timeline']>[number]
export type Revealed = Good<paths['/api/v1/complaints/{id}/reveal']['post']>
export type RespondInput = Sent<paths['/api/v1/complaints/{id}/respond']['post']>
export type Evidence = Good<paths['/api/v1/evidence/{id}']['get']>
export type Delivery = ItemOf<Good<paths['/api/v1/deliveries']['get']>>
export type DeliveryQuery = Query<paths['/api/v1/deliveries']['get']>
export type Advice = Good<paths['/api/v1/complaints/{id}/advice']['get']>
export type Template = ItemOf<Good<paths['/api/v1/templates']['get']>>
export type TemplateInput = Sent<paths['/api/v1/templates']['post']>
export type Action = Good<paths['/api/v1/actions/{id}']['get']>
export type Channel = ItemOf<Good<paths['/api/v1/channels']['get']>>
export type ChannelInput = Sent<paths['/api/v1/channels']['post']>
export type ChannelTest = Good<paths['/api/v1/channels/{id}/test']['post']>
export type Subscription = ItemOf<Good<paths['/api/v1/subscriptions']['get']>>
export type SubscriptionInput = Sent<paths['/api/v1/subscriptions']['post']>
export type Receiver = NonNullable<Subscription['receivers']>[number]
export type Notice = ItemOf<Good<paths['/api/v1/notices']['get']>>
export type NoticeState = Notice['state']
export type User = ItemOf<Good<paths['/api/v1/users']['get']>>
export type UserInput = Sent<paths['/api/v1/users']['post']>
export type UserPatch = Sent<paths['/api/v1/users/{id}']['patch']>
export type Token = ItemOf<Good<paths['/api/v1/tokens']['get']>>
export type AuditEntry = ItemOf<Good<paths['/api/v1/audit']['get']>>
export type Workbench = Good<paths['/api/v1/workbench']['get']>
export type Binding = ItemOf<Good<paths['/api/v1/channels/{id}/bindings']['get']>>
export type Variable = ItemOf<Good<paths['/api/v1/channels/variables']['get']>>
export type ChannelTemplate = ItemOf<Good<paths['/api/v1/channels/templates']['post']>>
export type Filled = ItemOf<Good<paths['/api/v1/channels/preview']['post']>>
