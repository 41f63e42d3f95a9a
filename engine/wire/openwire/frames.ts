import type { Field, Long, Throwable } from "./kinds.ts";
import { dataTypes } from "./table.ts";

/** What OpenWire sends: commands, and the ids and destinations they are made of. All types follow from the table. */

export type { Long, StackTraceElement, Throwable } from "./kinds.ts";

type Table = typeof dataTypes;
export type TypeName = keyof Table;

type Named<N> = N extends "any"
  ? DataStructure
  : N extends readonly (infer T extends TypeName)[]
    ? Of<T>
    : never;

type ValueOf<F> = F extends { readonly required: true } ? NonNullable<RawValueOf<F>> : RawValueOf<F>;

type RawValueOf<F> = F extends { readonly kind: "boolean" }
  ? boolean
  : F extends { readonly kind: "byte" | "int" }
    ? number
    : F extends { readonly kind: "long" }
      ? Long
      : F extends { readonly kind: "string" }
        ? string | null
        : F extends { readonly kind: "bytes" | "idBytes" }
          ? Uint8Array | null
          : F extends { readonly kind: "throwable" }
            ? Throwable | null
            : F extends { readonly kind: "constant"; readonly absent: infer T }
              ? T
              : F extends { readonly kind: "nested" | "cached"; readonly types: infer N }
                ? Named<N> | null
                : F extends { readonly kind: "array"; readonly types: infer N }
                  ? readonly Named<N>[] | null
                  : never;

type FieldsOf<N extends TypeName> = Table[N]["fields"];

/** The object of a type: `type`, and each field of the table. A field that the version spoken lacks is there too. */
export type Of<N extends TypeName> = {
  [T in N]: { readonly type: T } & { readonly [F in keyof FieldsOf<T>]: ValueOf<FieldsOf<T>[F]> };
}[N];

/** Anything that can be sent, told apart by `type`. */
export type DataStructure = Of<TypeName>;

export type WireFormatInfo = Of<"WireFormatInfo">;
export type BrokerInfo = Of<"BrokerInfo">;
export type ConnectionInfo = Of<"ConnectionInfo">;
export type SessionInfo = Of<"SessionInfo">;
export type ConsumerInfo = Of<"ConsumerInfo">;
export type ProducerInfo = Of<"ProducerInfo">;
export type TransactionInfo = Of<"TransactionInfo">;
export type DestinationInfo = Of<"DestinationInfo">;
export type RemoveSubscriptionInfo = Of<"RemoveSubscriptionInfo">;
export type KeepAliveInfo = Of<"KeepAliveInfo">;
export type ShutdownInfo = Of<"ShutdownInfo">;
export type RemoveInfo = Of<"RemoveInfo">;
export type ControlCommand = Of<"ControlCommand">;
export type FlushCommand = Of<"FlushCommand">;
export type ConnectionError = Of<"ConnectionError">;
export type ConsumerControl = Of<"ConsumerControl">;
export type ConnectionControl = Of<"ConnectionControl">;
export type ProducerAck = Of<"ProducerAck">;
export type MessagePull = Of<"MessagePull">;
export type MessageDispatch = Of<"MessageDispatch">;
export type MessageDispatchNotification = Of<"MessageDispatchNotification">;
export type MessageAck = Of<"MessageAck">;
export type Response = Of<"Response">;
export type ExceptionResponse = Of<"ExceptionResponse">;
export type DataResponse = Of<"DataResponse">;
export type DataArrayResponse = Of<"DataArrayResponse">;
export type IntegerResponse = Of<"IntegerResponse">;
export type SubscriptionInfo = Of<"SubscriptionInfo">;

export type ConnectionId = Of<"ConnectionId">;
export type SessionId = Of<"SessionId">;
export type ConsumerId = Of<"ConsumerId">;
export type ProducerId = Of<"ProducerId">;
export type BrokerId = Of<"BrokerId">;
export type MessageId = Of<"MessageId">;
export type TransactionId = Of<"LocalTransactionId" | "XATransactionId">;
export type Destination = Of<"ActiveMQQueue" | "ActiveMQTopic" | "ActiveMQTempQueue" | "ActiveMQTempTopic">;
export type Message = Of<
  | "ActiveMQMessage"
  | "ActiveMQBytesMessage"
  | "ActiveMQMapMessage"
  | "ActiveMQObjectMessage"
  | "ActiveMQStreamMessage"
  | "ActiveMQTextMessage"
  | "ActiveMQBlobMessage"
>;

type RequiredFieldOf<N extends TypeName> = {
  [F in keyof FieldsOf<N>]: FieldsOf<N>[F] extends { readonly required: true } ? F : never;
}[keyof FieldsOf<N>];

/** What {@link create} must be given: the fields without which the type has no meaning; and may be given: the rest. */
type Given<N extends TypeName> = Pick<Of<N>, RequiredFieldOf<N> & keyof Of<N>> & Partial<Omit<Of<N>, "type">>;

type SparseValueOf<F> = F extends { readonly kind: "nested" | "cached"; readonly types: infer N }
  ? SparseNamed<N> | (F extends { readonly required: true } ? never : null)
  : F extends { readonly kind: "array"; readonly types: infer N }
    ? readonly SparseNamed<N>[] | null
    : ValueOf<F>;

type SparseNamed<N> = N extends "any"
  ? Sparse
  : N extends readonly (infer T extends TypeName)[]
    ? SparseOf<T>
    : never;

/** What can be written of a type: an {@link Of} it, or one that leaves out what is absent. */
export type SparseOf<N extends TypeName> = {
  [T in N]: { readonly type: T } & {
    readonly [F in RequiredFieldOf<T>]: SparseValueOf<FieldsOf<T>[F]>;
  } & { readonly [F in Exclude<keyof FieldsOf<T>, RequiredFieldOf<T>>]?: SparseValueOf<FieldsOf<T>[F]> };
}[N];

/** Anything that can be written. */
export type Sparse = SparseOf<TypeName>;

/** An object of the type; fields not given are absent: `null`, `false` or 0. */
export function create<N extends TypeName>(type: N, given: Given<N>): Of<N> {
  return { ...absentOf(type), ...given } as unknown as Of<N>;
}

/** An object of the type with every field absent, in the table's order. */
export function absentOf(type: TypeName): Record<string, unknown> {
  return { ...absentObjects[type] };
}

const absentObjects = Object.fromEntries(
  Object.entries<{ readonly fields: Readonly<Record<string, Field>> }>(dataTypes).map(
    ([type, { fields }]) => {
      const values = Object.entries(fields).map(([name, field]) => [name, field.absent] as const);
      return [type, compact({ type, ...Object.fromEntries(values) })];
    },
  ),
) as Readonly<Record<TypeName, Readonly<Record<string, unknown>>>>;

/** V8 makes a hash table of an object that got a dozen fields by name, and its copies are such tables too; not so here. */
function compact(object: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(object)) as Record<string, unknown>;
}
