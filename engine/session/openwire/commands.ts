import { BrokerError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { asInstant } from "../../base/units.ts";
import type { Instant, Moment } from "../../base/units.ts";
import { isAdvisoryTopic, type Advisory } from "../../core/advisory.ts";
import type { SessionRequest, SubscriptionRequest } from "../../core/dialogue.ts";
import { destinationKey, type Destination } from "../../core/message.ts";
import { selectorOrNone } from "../../core/selector/selector.ts";
import { create } from "../../wire/openwire/frames.ts";
import type * as wire from "../../wire/openwire/frames.ts";
import type { DataStructure } from "../../wire/openwire/frames.ts";
import type { SessionContext, SessionDescription } from "../session.ts";
import { advisoryDispatch } from "./advisory.ts";
import { ackTypes, Consumer } from "./consumer.ts";
import { reasonOf } from "./exceptions.ts";
import { readMessage, writeMessage, type Delivery } from "./messages.ts";
import { checkedName, nameOf, readDestination, writeDestination } from "./names.ts";
import { nothingToDo, planOf, type Plan } from "./plan.ts";
import { Transactions } from "./transactions.ts";

type Named<T extends DataStructure["type"]> = Extract<DataStructure, { type: T }>;
type Handlers = { readonly [T in DataStructure["type"]]?: (command: Named<T>, now: Moment) => Plan };

/** `timeout` of a MessagePull that does not wait; 0 waits for ever. */
const noWait = -1;
const addOperation = 0;

/** What a client asks for, command by command, and what it was given. */
export class OpenWireCommands {
  readonly #context: SessionContext;
  readonly #write: (frame: wire.Sparse) => void;
  /** Those that a failover client took up from its former connection, until it acknowledges what they got over this one. */
  readonly #resumed = new Set<Consumer>();
  readonly #transactions = new Transactions(this.#resumed);
  readonly #consumers = new Map<string, Consumer>();
  /** Those of them that may wait for a message they pulled. */
  readonly #pulling = new Set<Consumer>();
  readonly #temporaries = new Map<string, Destination>();
  /** Producers that wait for acknowledgements when so many bytes are on their way. */
  readonly #windowed = new Set<string>();
  #connection: wire.ConnectionInfo | null = null;
  #advisoryCount = 0;

  readonly #handlers: Handlers = {
    ConnectionInfo: (command) => this.#connect(command),
    SessionInfo: () => this.#whenConnected(nothingToDo),
    ProducerInfo: (command) => this.#produce(command),
    ConsumerInfo: (command) => this.#consume(command),
    RemoveInfo: (command) => this.#remove(command),
    RemoveSubscriptionInfo: (command) => this.#removeSubscription(command),
    DestinationInfo: (command) => this.#destination(command),
    TransactionInfo: (command) => this.#whenConnected(this.#transactions.plan(command)),
    ActiveMQMessage: (command) => this.#send(command),
    ActiveMQBytesMessage: (command) => this.#send(command),
    ActiveMQMapMessage: (command) => this.#send(command),
    ActiveMQObjectMessage: (command) => this.#send(command),
    ActiveMQStreamMessage: (command) => this.#send(command),
    ActiveMQTextMessage: (command) => this.#send(command),
    ActiveMQBlobMessage: (command) => this.#send(command),
    MessageAck: (command) => this.#acknowledge(command),
    MessagePull: (command, now) => this.#pull(command, now),
    FlushCommand: () => planOf({ kind: "settle-down" }),
    ConsumerControl: (command) => this.#control(command),
    ConnectionControl: () => nothingToDo,
    ControlCommand: () => nothingToDo,
    MessageDispatchNotification: () => nothingToDo,
    ConnectionError: () => nothingToDo,
    Response: () => nothingToDo,
    ExceptionResponse: () => nothingToDo,
  };

  constructor(context: SessionContext, write: (frame: wire.Sparse) => void) {
    this.#context = context;
    this.#write = write;
  }

  plan(command: DataStructure, now: Moment): Plan {
    const handler = this.#handlers[command.type] as
      ((command: DataStructure, now: Moment) => Plan) | undefined;
    if (handler === undefined)
      throw new BrokerError("NOT_SUPPORTED", { what: `The command ${command.type}` });
    return handler(command, now);
  }

  get description(): Omit<SessionDescription, "protocol"> {
    const {
      clientId = null,
      userName: login = null,
      faultTolerant: failsOver = null,
    } = this.#connection ?? {};
    return { clientId, login, failsOver };
  }

  /** The dispatch of a message; `null` when its consumer has ended meanwhile. */
  dispatch(delivery: Delivery): wire.SparseOf<"MessageDispatch"> | null {
    const consumer = this.#consumers.get(delivery.subscription);
    if (consumer === undefined) return null;
    consumer.delivered(delivery.id);
    return {
      type: "MessageDispatch",
      consumerId: consumer.info.consumerId,
      destination: writeDestination(delivery.source),
      message: writeMessage(delivery),
      redeliveryCounter: delivery.deliveryCount - 1,
    };
  }

  advise(subscription: string, advisory: Advisory): wire.SparseOf<"MessageDispatch"> | null {
    const consumer = this.#consumers.get(subscription);
    if (consumer === undefined) return null;
    this.#advisoryCount += 1;
    return advisoryDispatch(advisory, {
      consumerId: consumer.info.consumerId,
      number: this.#advisoryCount,
      context: this.#context,
    });
  }

  /** Tells a browser that it has seen all. */
  browsed(subscription: string): wire.MessageDispatch | null {
    const consumer = this.#consumers.get(subscription);
    return consumer === undefined ? null : emptyDispatch(consumer);
  }

  /** When the next pull has waited long enough. */
  get nextPullEnd(): Instant | null {
    let next = Infinity;
    for (const { pull } of this.#pulling) if (pull !== null && pull.until < next) next = pull.until;
    return next === Infinity ? null : asInstant(next);
  }

  /** Pulls that have waited long enough: what comes before this is confirmed still goes to the client, else it is told. */
  endPulls(at: Instant): Plan[] {
    const plans: Plan[] = [];
    for (const consumer of this.#pulling) {
      const { pull } = consumer;
      if (pull !== null && pull.until > at) continue;
      this.#pulling.delete(consumer);
      if (pull === null) continue;
      const ended = { until: asInstant(Infinity) };
      consumer.pull = ended;
      plans.push({
        requests: [{ kind: "pull", subscription: consumer.name, count: 0 }],
        confirmed: () => {
          if (consumer.pull !== ended) return;
          consumer.pull = null;
          this.#write(emptyDispatch(consumer));
        },
      });
    }
    return plans;
  }

  #connect(info: wire.ConnectionInfo): Plan {
    const id = checkedName(info.connectionId.value, "the id of a connection");
    checkedName(info.clientId ?? "", "a client id");
    if (this.#connection !== null && this.#connection.connectionId.value !== id)
      throw new BrokerError("NOT_SUPPORTED", { what: "A second connection over the same socket" });
    if (!this.#context.authenticate(info.userName, info.password))
      throw new BrokerError("AUTHENTICATION_FAILED");
    this.#connection = info;
    return {
      requests: [{ kind: "identify", clientId: info.clientId, connection: id }],
      confirmed: () => {
        // Clients of a fault-tolerant broker acknowledge at once what they have.
        if (info.manageable)
          this.#write(create("ConnectionControl", { faultTolerant: true, connectedBrokers: "" }));
      },
      refused: () => (this.#connection = null),
    };
  }

  #whenConnected(plan: Plan): Plan {
    this.#connected();
    return plan;
  }

  #connected(): wire.ConnectionInfo {
    if (this.#connection === null)
      throw new BrokerError("PROTOCOL_VIOLATION", {
        detail: "The client has not said who it is: ConnectionInfo comes first.",
      });
    return this.#connection;
  }

  #produce({ producerId, windowSize, destination }: wire.ProducerInfo): Plan {
    this.#connected();
    const producer = nameOf(producerId);
    if (windowSize > 0) this.#windowed.add(producer);
    return destination === null
      ? nothingToDo
      : planOf({ kind: "produce", producer, destination: readDestination(destination) });
  }

  #consume(info: wire.ConsumerInfo): Plan {
    const { clientId, failoverReconnect: isReconnected } = this.#connected();
    const name = nameOf(info.consumerId);
    // A failover client says again what it said before.
    if (this.#consumers.has(name)) return nothingToDo;
    const destination = readDestination(info.destination);
    const request: SubscriptionRequest = {
      subscription: name,
      destination,
      ackMode: "client-individual",
      prefetchCount: clippedPrefetch(info.prefetchSize),
      browser: info.browser,
      durable:
        info.subscriptionName === null
          ? null
          : {
              clientId: clientId ?? "",
              name: checkedName(info.subscriptionName, "the name of a subscription"),
            },
      exclusive: info.exclusive,
      noLocal: info.noLocal,
      // One that is taken up again after a failover comes without a prefetch, and had its messages.
      retroactive: info.retroactive && !(isReconnected && info.prefetchSize === 0),
      selector: selectorOrNone(info.selector),
      consumerPriority: info.priority,
      lastingName: name,
    };
    const consumer = new Consumer(info, request, isAdvisoryTopic(destination));
    this.#consumers.set(name, consumer);
    if (isReconnected) this.#resumed.add(consumer);
    return {
      requests: [{ kind: "subscribe", ...request }],
      confirmed: () => this.#limitPrefetch(consumer),
      refused: () => this.#consumers.delete(name),
    };
  }

  /** A failover client takes its consumers up without a prefetch, and gives them theirs when it has tidied up. */
  #control({ consumerId, close, prefetch }: wire.ConsumerControl): Plan {
    const consumer = consumerId === null ? undefined : this.#consumers.get(nameOf(consumerId));
    if (consumer === undefined || close || consumer.isOfAdvisories) return nothingToDo;
    const prefetchCount = clippedPrefetch(prefetch);
    return planOf({ kind: "set-prefetch", subscription: consumer.name, prefetchCount });
  }

  /** The client counts on as many messages in hand as it asked for, so it is told when it gets fewer. */
  #limitPrefetch({ info, request }: Consumer): void {
    if (info.prefetchSize <= request.prefetchCount) return;
    const { consumerId, destination } = info;
    this.#write(create("ConsumerControl", { consumerId, destination, prefetch: request.prefetchCount }));
  }

  #remove({ objectId, lastDeliveredSequenceId }: wire.RemoveInfo): Plan {
    switch (objectId.type) {
      case "ConsumerId": {
        const consumer = this.#consumers.get(nameOf(objectId));
        return consumer === undefined ? nothingToDo : planOf(this.#end(consumer, lastDeliveredSequenceId));
      }
      case "ProducerId":
        this.#windowed.delete(nameOf(objectId));
        return planOf({ kind: "stop-producing", producer: nameOf(objectId) });
      case "SessionId": {
        const consumers = [...this.#consumers.values()].filter((one) => one.sessionValue === objectId.value);
        return planOf(...consumers.map((consumer) => this.#end(consumer, lastDeliveredSequenceId)));
      }
      case "ConnectionId":
        return this.#leave(lastDeliveredSequenceId);
    }
  }

  /** The client gives back all it has, also its id, which another connection may use from now on. */
  #leave(lastDelivered: wire.Long): Plan {
    const connection = this.#connected().connectionId.value;
    const ends = [...this.#consumers.values()].map((consumer) => this.#end(consumer, lastDelivered));
    const rollbacks = this.#transactions.rollbackAll().flatMap(({ requests }) => requests);
    const deletions = [...this.#temporaries.values()].map((destination): SessionRequest => ({
      kind: "delete-temporary",
      destination,
    }));
    this.#temporaries.clear();
    return planOf(...ends, ...rollbacks, ...deletions, { kind: "identify", clientId: null, connection });
  }

  #end(consumer: Consumer, lastDelivered: wire.Long): SessionRequest {
    this.#consumers.delete(consumer.name);
    this.#pulling.delete(consumer);
    this.#resumed.delete(consumer);
    return { kind: "unsubscribe", subscription: consumer.name, unseen: consumer.unseenAfter(lastDelivered) };
  }

  #removeSubscription({ subcriptionName }: wire.RemoveSubscriptionInfo): Plan {
    const { clientId } = this.#connected();
    return planOf({ kind: "delete-durable", clientId: clientId ?? "", name: subcriptionName ?? "" });
  }

  #destination(info: wire.DestinationInfo): Plan {
    this.#connected();
    const destination = readDestination(info.destination);
    const key = destinationKey(destination);
    if (!destination.kind.startsWith("temp-")) {
      // Queues and topics come into being when they are first used.
      return info.operationType === addOperation
        ? nothingToDo
        : planOf({ kind: "delete-destination", destination });
    }
    if (info.operationType === addOperation) {
      this.#temporaries.set(key, destination);
      return {
        ...planOf({ kind: "create-temporary", destination }),
        refused: () => this.#temporaries.delete(key),
      };
    }
    this.#temporaries.delete(key);
    return planOf({ kind: "delete-temporary", destination });
  }

  #send(sent: wire.Message): Plan {
    this.#connected();
    const transaction = this.#transactions.nameOf(sent.transactionId, sent.producerId.sessionId);
    const plan = planOf({ kind: "send", message: readMessage(sent), transaction });
    const name = nameOf(sent.producerId);
    const isAwaited = sent.responseRequired;
    return {
      ...plan,
      confirmed: () => {
        if (!isAwaited && this.#windowed.has(name)) this.#write(producerAck(sent));
      },
      refused: (error) => {
        if (transaction !== null && !isAwaited) this.#transactions.failed(transaction, error);
      },
    };
  }

  #acknowledge(ack: wire.MessageAck): Plan {
    const consumer = this.#consumers.get(nameOf(ack.consumerId));
    // A consumer may have ended before its last acknowledgement came, as in ActiveMQ.
    if (consumer === undefined || consumer.isOfAdvisories) return nothingToDo;
    const transaction = this.#transactions.nameOf(ack.transactionId, ack.consumerId.sessionId);
    if (transaction !== null && consumer.misses(ack)) this.#transactions.lacks(transaction);
    const messages = consumer.covered(ack);
    if (messages.length === 0) return nothingToDo;
    // It gets to its messages only once it has repeated all that it had open; they may be on their way to it before.
    this.#resumed.delete(consumer);
    const subscription = consumer.name;
    if (ack.ackType === ackTypes.delivered) return planOf({ kind: "extend", subscription, messages });
    if (ack.ackType === ackTypes.redelivered) return planOf({ kind: "redeliver", subscription, messages });
    const outcome = outcomeOf(ack.ackType);
    if (outcome === "rejected" && transaction !== null)
      throw new BrokerError("NOT_SUPPORTED", { what: "Refusing a message within a transaction" });
    consumer.settle(messages, transaction);
    if (transaction !== null) this.#transactions.settles(transaction, consumer);
    const reason = ack.poisonCause === null ? null : reasonOf(ack.poisonCause);
    return planOf({ kind: "settle", subscription, messages, outcome, reason, transaction });
  }

  #pull({ consumerId, timeout }: wire.MessagePull, now: Moment): Plan {
    const consumer = this.#consumers.get(nameOf(consumerId));
    if (consumer === undefined)
      throw new BrokerError("SUBSCRIPTION_UNKNOWN", { subscription: nameOf(consumerId) });
    const waitMs = timeout === noWait ? 0 : timeout === 0 ? Infinity : Number(timeout);
    consumer.pull = { until: asInstant(now.monotonic + waitMs) };
    this.#pulling.add(consumer);
    return planOf({ kind: "pull", subscription: consumer.name, count: 1 });
  }
}

function clippedPrefetch(asked: number): number {
  return Math.max(0, Math.min(asked, limits.prefetchCountMax));
}

function outcomeOf(ackType: number): "accepted" | "rejected" | "expired" {
  switch (ackType) {
    case ackTypes.standard:
    case ackTypes.individual:
    case ackTypes.unmatched:
      return "accepted";
    case ackTypes.poison:
      return "rejected";
    case ackTypes.expired:
      return "expired";
    default:
      throw new BrokerError("NOT_SUPPORTED", { what: `An acknowledgement of type ${ackType}` });
  }
}

/** Which tells a browser that it has seen all, and a pull that it waited in vain. */
function emptyDispatch({ info }: Consumer): wire.MessageDispatch {
  return create("MessageDispatch", { consumerId: info.consumerId, destination: info.destination });
}

/** ActiveMQ counts at least so many bytes for each message. */
const messageBytesMin = 1_024;

function producerAck({ producerId, content, marshalledProperties }: wire.Message): wire.ProducerAck {
  const size = messageBytesMin + (content?.length ?? 0) + (marshalledProperties?.length ?? 0);
  return create("ProducerAck", { producerId, size });
}
