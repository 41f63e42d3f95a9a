import {
  anyArray,
  anyNested,
  array,
  boolean,
  byte,
  bytes,
  cached,
  constant,
  idBytes,
  int,
  long,
  nested,
  required,
  since,
  string,
  throwable,
  until,
} from "./kinds.ts";
import type { Field } from "./kinds.ts";

/**
 * Every type of OpenWire, its fields in the order in which they stand on the wire, and since when. Everything else here
 * follows from this table: the TypeScript types, both directions, both encodings, all versions. Names are those of the
 * specification, misspellings included, except that its three fields called `type` are `jmsType` and `transactionType`,
 * because `type` tells the types apart.
 */

/** OpenWire's versions; each added fields and types, and two fields changed their meaning. */
export const openwireVersionMin = 1;
export const openwireVersionMax = 12;

interface DataType {
  /** The byte that names the type on the wire. */
  readonly code: number;
  /** The first version that has the type. */
  readonly since?: number;
  /** In tight encoding such an object may stand in another one in a frame of its own; a bit says whether it does. */
  readonly mayBeFramed?: true;
  /** In the order in which they stand on the wire. */
  readonly fields: Readonly<Record<string, Field>>;
}

const destinations = ["ActiveMQQueue", "ActiveMQTopic", "ActiveMQTempQueue", "ActiveMQTempTopic"] as const;
const transactionIds = ["LocalTransactionId", "XATransactionId"] as const;
const messages = [
  "ActiveMQMessage",
  "ActiveMQBytesMessage",
  "ActiveMQMapMessage",
  "ActiveMQObjectMessage",
  "ActiveMQStreamMessage",
  "ActiveMQTextMessage",
  "ActiveMQBlobMessage",
] as const;

const command = { commandId: int, responseRequired: boolean } as const;
const response = { ...command, correlationId: int } as const;
const destination = { physicalName: required(string) } as const;
const partialCommand = { commandId: int, data: bytes } as const;

const message = {
  ...command,
  producerId: required(cached("ProducerId")),
  destination: required(cached(...destinations)),
  transactionId: cached(...transactionIds),
  originalDestination: cached(...destinations),
  messageId: required(nested("MessageId")),
  originalTransactionId: cached(...transactionIds),
  groupID: string,
  groupSequence: int,
  correlationId: string,
  persistent: boolean,
  expiration: long,
  priority: byte,
  replyTo: nested(...destinations),
  timestamp: long,
  jmsType: string,
  content: bytes,
  marshalledProperties: bytes,
  dataStructure: anyNested,
  targetConsumerId: cached("ConsumerId"),
  compressed: boolean,
  redeliveryCounter: int,
  brokerPath: array("BrokerId"),
  arrival: long,
  userID: string,
  recievedByDFBridge: boolean,
  droppable: since(2, boolean),
  cluster: since(3, array("BrokerId")),
  brokerInTime: since(3, long),
  brokerOutTime: since(3, long),
  jmsXGroupFirstForConsumer: since(10, boolean),
} as const;

export const dataTypes = {
  WireFormatInfo: {
    code: 1,
    mayBeFramed: true,
    fields: { magic: constant("ActiveMQ"), version: int, marshalledProperties: bytes },
  },
  BrokerInfo: {
    code: 2,
    fields: {
      ...command,
      brokerId: cached("BrokerId"),
      brokerURL: string,
      peerBrokerInfos: array("BrokerInfo"),
      brokerName: string,
      slaveBroker: boolean,
      masterBroker: boolean,
      faultTolerantConfiguration: boolean,
      duplexConnection: since(2, boolean),
      networkConnection: since(2, boolean),
      connectionId: since(2, long),
      brokerUploadUrl: since(3, string),
      networkProperties: since(3, string),
    },
  },
  ConnectionInfo: {
    code: 3,
    fields: {
      ...command,
      connectionId: required(cached("ConnectionId")),
      clientId: string,
      password: string,
      userName: string,
      brokerPath: array("BrokerId"),
      brokerMasterConnector: boolean,
      manageable: boolean,
      clientMaster: since(2, { ...boolean, absent: true }),
      faultTolerant: since(6, boolean),
      failoverReconnect: since(6, boolean),
      clientIp: since(8, string),
    },
  },
  SessionInfo: { code: 4, fields: { ...command, sessionId: required(cached("SessionId")) } },
  ConsumerInfo: {
    code: 5,
    fields: {
      ...command,
      consumerId: required(cached("ConsumerId")),
      browser: boolean,
      destination: required(cached(...destinations)),
      prefetchSize: int,
      maximumPendingMessageLimit: int,
      dispatchAsync: boolean,
      selector: string,
      clientId: since(10, string),
      subscriptionName: string,
      noLocal: boolean,
      exclusive: boolean,
      retroactive: boolean,
      priority: byte,
      brokerPath: array("BrokerId"),
      additionalPredicate: anyNested,
      networkSubscription: boolean,
      optimizedAcknowledge: boolean,
      noRangeAcks: boolean,
      networkConsumerPath: since(4, array("ConsumerId")),
    },
  },
  ProducerInfo: {
    code: 6,
    fields: {
      ...command,
      producerId: required(cached("ProducerId")),
      destination: cached(...destinations),
      brokerPath: array("BrokerId"),
      dispatchAsync: since(2, boolean),
      windowSize: since(3, int),
    },
  },
  TransactionInfo: {
    code: 7,
    fields: {
      ...command,
      connectionId: cached("ConnectionId"),
      transactionId: cached(...transactionIds),
      transactionType: byte,
    },
  },
  DestinationInfo: {
    code: 8,
    fields: {
      ...command,
      connectionId: cached("ConnectionId"),
      destination: required(cached(...destinations)),
      operationType: byte,
      timeout: long,
      brokerPath: array("BrokerId"),
    },
  },
  RemoveSubscriptionInfo: {
    code: 9,
    fields: {
      ...command,
      connectionId: cached("ConnectionId"),
      subcriptionName: string,
      clientId: string,
    },
  },
  KeepAliveInfo: { code: 10, fields: command },
  ShutdownInfo: { code: 11, fields: command },
  RemoveInfo: {
    code: 12,
    fields: {
      ...command,
      objectId: required(cached("ConnectionId", "SessionId", "ConsumerId", "ProducerId")),
      lastDeliveredSequenceId: since(5, { ...long, absent: -2 }),
    },
  },
  ControlCommand: { code: 14, fields: { ...command, command: string } },
  FlushCommand: { code: 15, fields: command },
  ConnectionError: {
    code: 16,
    fields: { ...command, exception: throwable, connectionId: nested("ConnectionId") },
  },
  ConsumerControl: {
    code: 17,
    fields: {
      ...command,
      destination: since(6, nested(...destinations)),
      close: boolean,
      consumerId: nested("ConsumerId"),
      prefetch: int,
      flush: since(2, boolean),
      start: since(2, boolean),
      stop: since(2, boolean),
    },
  },
  ConnectionControl: {
    code: 18,
    fields: {
      ...command,
      close: boolean,
      exit: boolean,
      faultTolerant: boolean,
      resume: boolean,
      suspend: boolean,
      connectedBrokers: since(6, string),
      reconnectTo: since(6, string),
      rebalanceConnection: since(6, boolean),
      token: since(8, bytes),
    },
  },
  ProducerAck: {
    code: 19,
    since: 3,
    fields: { ...command, producerId: required(nested("ProducerId")), size: int },
  },
  MessagePull: {
    code: 20,
    since: 2,
    fields: {
      ...command,
      consumerId: required(cached("ConsumerId")),
      destination: cached(...destinations),
      timeout: long,
      correlationId: since(3, string),
      messageId: since(3, nested("MessageId")),
    },
  },
  MessageDispatch: {
    code: 21,
    fields: {
      ...command,
      consumerId: required(cached("ConsumerId")),
      destination: cached(...destinations),
      message: nested(...messages),
      redeliveryCounter: int,
    },
  },
  MessageAck: {
    code: 22,
    fields: {
      ...command,
      destination: cached(...destinations),
      transactionId: cached(...transactionIds),
      consumerId: required(cached("ConsumerId")),
      ackType: byte,
      firstMessageId: nested("MessageId"),
      lastMessageId: nested("MessageId"),
      messageCount: int,
      poisonCause: since(7, throwable),
    },
  },
  ActiveMQMessage: { code: 23, mayBeFramed: true, fields: message },
  ActiveMQBytesMessage: { code: 24, mayBeFramed: true, fields: message },
  ActiveMQMapMessage: { code: 25, mayBeFramed: true, fields: message },
  ActiveMQObjectMessage: { code: 26, mayBeFramed: true, fields: message },
  ActiveMQStreamMessage: { code: 27, mayBeFramed: true, fields: message },
  ActiveMQTextMessage: { code: 28, mayBeFramed: true, fields: message },
  ActiveMQBlobMessage: {
    code: 29,
    since: 3,
    mayBeFramed: true,
    fields: { ...message, remoteBlobUrl: string, mimeType: string, deletedByBroker: boolean },
  },
  Response: { code: 30, fields: response },
  ExceptionResponse: { code: 31, fields: { ...response, exception: throwable } },
  DataResponse: { code: 32, fields: { ...response, data: anyNested } },
  DataArrayResponse: { code: 33, fields: { ...response, data: anyArray } },
  IntegerResponse: { code: 34, fields: { ...response, result: int } },
  DiscoveryEvent: { code: 40, fields: { serviceName: string, brokerName: string } },
  JournalTopicAck: {
    code: 50,
    fields: {
      destination: nested(...destinations),
      messageId: nested("MessageId"),
      messageSequenceId: long,
      subscritionName: string,
      clientId: string,
      transactionId: nested(...transactionIds),
    },
  },
  JournalQueueAck: {
    code: 52,
    fields: { destination: nested(...destinations), messageAck: nested("MessageAck") },
  },
  JournalTrace: { code: 53, fields: { message: string } },
  JournalTransaction: {
    code: 54,
    fields: { transactionId: nested(...transactionIds), transactionType: byte, wasPrepared: boolean },
  },
  SubscriptionInfo: {
    code: 55,
    fields: {
      clientId: string,
      destination: cached(...destinations),
      selector: string,
      subcriptionName: string,
      subscribedDestination: since(3, nested(...destinations)),
      noLocal: since(11, boolean),
    },
  },
  PartialCommand: { code: 60, fields: partialCommand },
  LastPartialCommand: { code: 61, fields: partialCommand },
  ReplayCommand: { code: 65, fields: { ...command, firstNakNumber: int, lastNakNumber: int } },
  MessageDispatchNotification: {
    code: 90,
    fields: {
      ...command,
      consumerId: required(cached("ConsumerId")),
      destination: cached(...destinations),
      deliverySequenceId: long,
      messageId: nested("MessageId"),
    },
  },
  NetworkBridgeFilter: {
    code: 91,
    fields: {
      networkTTL: until(9, int),
      networkBrokerId: cached("BrokerId"),
      messageTTL: since(10, int),
      consumerTTL: since(10, int),
    },
  },
  BrokerSubscriptionInfo: {
    code: 92,
    since: 12,
    fields: {
      ...command,
      brokerId: nested("BrokerId"),
      brokerName: string,
      subscriptionInfos: array("ConsumerInfo"),
    },
  },
  ActiveMQQueue: { code: 100, fields: destination },
  ActiveMQTopic: { code: 101, fields: destination },
  ActiveMQTempQueue: { code: 102, fields: destination },
  ActiveMQTempTopic: { code: 103, fields: destination },
  MessageId: {
    code: 110,
    fields: {
      textView: since(10, string),
      producerId: required(cached("ProducerId")),
      producerSequenceId: long,
      brokerSequenceId: long,
    },
  },
  LocalTransactionId: {
    code: 111,
    fields: { value: long, connectionId: required(cached("ConnectionId")) },
  },
  XATransactionId: {
    code: 112,
    fields: { formatId: int, globalTransactionId: required(idBytes), branchQualifier: required(idBytes) },
  },
  ConnectionId: { code: 120, fields: { value: required(string) } },
  SessionId: { code: 121, fields: { connectionId: required(string), value: long } },
  ConsumerId: { code: 122, fields: { connectionId: required(string), sessionId: long, value: long } },
  ProducerId: { code: 123, fields: { connectionId: required(string), value: long, sessionId: long } },
  BrokerId: { code: 124, fields: { value: required(string) } },
} as const satisfies Readonly<Record<string, DataType>>;
