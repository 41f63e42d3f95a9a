package client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.ScheduledMessage;
import org.apache.activemq.TransactionContext;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.transaction.Synchronization;
import org.apache.activemq.transport.TransportListener;

/** What the client can be told to do; things are known by the names they are given. */
final class Commands {
  private static final Map<String, Integer> MODES =
      Map.of(
          "auto", Session.AUTO_ACKNOWLEDGE,
          "client", Session.CLIENT_ACKNOWLEDGE,
          "dups-ok", Session.DUPS_OK_ACKNOWLEDGE,
          "individual", ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE,
          "transacted", Session.SESSION_TRANSACTED);

  private final Map<String, ActiveMQConnection> connections = new ConcurrentHashMap<>();
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();
  private final Map<String, MessageConsumer> consumers = new ConcurrentHashMap<>();
  private final Map<String, MessageProducer> producers = new ConcurrentHashMap<>();
  private final Map<String, Destination> temporary = new ConcurrentHashMap<>();
  /** All that a consumer received and that may still be acknowledged or answered, the latest last. */
  private final Map<String, List<Message>> received = new ConcurrentHashMap<>();
  /** Commits that wait, by session. */
  private final Map<String, CountDownLatch> holds = new ConcurrentHashMap<>();
  private final Map<String, Stream> streams = new ConcurrentHashMap<>();
  private final Consumer<Map<String, ?>> say;

  Commands(Consumer<Map<String, ?>> say) {
    this.say = say;
  }

  Object obey(JsonNode command) throws Exception {
    return switch (command.path("do").asText()) {
      case "connect" -> connect(command);
      case "session" -> session(command);
      case "consumer" -> consumer(command);
      case "temporary" -> temporaryQueue(command);
      case "send" -> send(command);
      case "receive" -> receive(command);
      case "acknowledge" -> acknowledge(command);
      case "commit" -> commit(command);
      case "go" -> done(() -> holds.get(command.path("session").asText()).countDown());
      case "rollback" -> done(() -> sessionOf(command).rollback());
      case "recover" -> done(() -> sessionOf(command).recover());
      case "browse" -> browse(command);
      case "produce" -> produce(command);
      case "halt" -> done(() -> stream(command.path("stream")).halt());
      case "progress" -> stream(command.path("stream")).confirmed();
      case "unsubscribe" -> done(() -> sessionOf(command).unsubscribe(command.path("name").asText()));
      case "close" -> close(command.path("name").asText());
      case "address" -> String.valueOf(connections.get(command.path("connection").asText()).getTransport().getRemoteAddress());
      default -> throw new IllegalArgumentException("no such command: " + command);
    };
  }

  private Object connect(JsonNode command) throws JMSException {
    String name = command.path("name").asText();
    ActiveMQConnection connection =
        (ActiveMQConnection) new ActiveMQConnectionFactory(command.path("uri").asText()).createConnection();
    connections.put(name, connection);
    if (command.has("clientId")) connection.setClientID(command.path("clientId").asText());
    connection.addTransportListener(listener(name));
    connection.setExceptionListener(failure -> tell(name, "exception", String.valueOf(failure.getMessage())));
    connection.start();
    return null;
  }

  private TransportListener listener(String name) {
    return new TransportListener() {
      /** The first connection is announced as resumed, too. */
      private volatile boolean isInterrupted = false;

      @Override
      public void onCommand(Object command) {
        // The connection deals with it.
      }

      @Override
      public void onException(IOException failure) {
        tell(name, "failed", String.valueOf(failure.getMessage()));
      }

      @Override
      public void transportInterupted() {
        isInterrupted = true;
        tell(name, "interrupted", "");
      }

      @Override
      public void transportResumed() {
        if (isInterrupted) tell(name, "resumed", "");
        isInterrupted = false;
      }
    };
  }

  private void tell(String connection, String event, String text) {
    say.accept(Map.of("event", event, "connection", connection, "text", text, "at", nowMs()));
  }

  private Object session(JsonNode command) throws JMSException {
    int mode = MODES.get(command.path("mode").asText("auto"));
    ActiveMQConnection connection = connections.get(command.path("connection").asText());
    sessions.put(command.path("name").asText(), connection.createSession(mode == Session.SESSION_TRANSACTED, mode));
    return null;
  }

  private Object consumer(JsonNode command) throws JMSException {
    Session session = sessionOf(command);
    Destination from = destination(command.path("from").asText());
    String durable = command.path("durable").asText(null);
    String selector = command.path("selector").asText(null);
    String name = command.path("name").asText();
    consumers.put(
        name,
        durable == null
            ? session.createConsumer(from, selector)
            : session.createDurableSubscriber((Topic) from, durable, selector, false));
    received.put(name, new ArrayList<>());
    return null;
  }

  private Object temporaryQueue(JsonNode command) throws JMSException {
    temporary.put(command.path("name").asText(), sessionOf(command).createTemporaryQueue());
    return null;
  }

  /** Sends `texts` in this order; `to` may be `reply:CONSUMER`, the reply-to of what that one received last. */
  private Object send(JsonNode command) throws JMSException {
    Session session = sessionOf(command);
    String to = command.path("to").asText();
    MessageProducer producer = producer(command.path("session").asText(), to);
    List<String> ids = new ArrayList<>();
    for (JsonNode text : command.path("texts")) {
      TextMessage message = session.createTextMessage(text.asText());
      if (command.has("replyTo")) message.setJMSReplyTo(destination(command.path("replyTo").asText()));
      if (command.has("group")) message.setStringProperty("JMSXGroupID", command.path("group").asText());
      if (command.has("delayMs"))
        message.setLongProperty(ScheduledMessage.AMQ_SCHEDULED_DELAY, command.path("delayMs").asLong());
      producer.send(message);
      ids.add(message.getJMSMessageID());
    }
    return ids;
  }

  private MessageProducer producer(String session, String to) throws JMSException {
    String key = session + " " + to;
    MessageProducer known = producers.get(key);
    if (known != null && !to.startsWith("reply:")) return known;
    MessageProducer made = sessions.get(session).createProducer(destination(to));
    producers.put(key, made);
    return made;
  }

  /** The next `count` messages, fewer when none comes for `timeoutMs`. */
  private Object receive(JsonNode command) throws JMSException {
    String name = command.path("consumer").asText();
    long timeoutMs = command.path("timeoutMs").asLong(20_000);
    List<Map<String, Object>> messages = new ArrayList<>();
    while (messages.size() < command.path("count").asInt(1)) {
      Message message = consumers.get(name).receive(timeoutMs);
      if (message == null) break;
      received.get(name).add(message);
      messages.add(described(message));
    }
    return messages;
  }

  private static Map<String, Object> described(Message message) throws JMSException {
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("text", ((TextMessage) message).getText());
    description.put("id", message.getJMSMessageID());
    description.put("isRedelivered", message.getJMSRedelivered());
    description.put("count", message.getIntProperty("JMSXDeliveryCount"));
    return description;
  }

  /** The last message received, or the one with this `text`. */
  private Object acknowledge(JsonNode command) throws JMSException {
    List<Message> messages = received.get(command.path("consumer").asText());
    if (!command.has("text")) messages.get(messages.size() - 1).acknowledge();
    else
      for (Message message : List.copyOf(messages))
        if (command.path("text").asText().equals(((TextMessage) message).getText())) message.acknowledge();
    return null;
  }

  /**
   * With `hold` it says `holding` once its acknowledgements are on their way, and waits for `go`. With `trusting` it
   * then asks for the commit whatever happened meanwhile, as clients did before AMQ-5854.
   */
  private Object commit(JsonNode command) throws Exception {
    ActiveMQSession session = (ActiveMQSession) sessionOf(command);
    TransactionContext context = session.getTransactionContext();
    if (command.has("hold")) {
      String name = command.path("session").asText();
      CountDownLatch go = new CountDownLatch(1);
      holds.put(name, go);
      context.addSynchronization(
          new Synchronization() {
            @Override
            public void beforeEnd() throws Exception {
              tell(name, "holding", "");
              go.await();
              if (command.path("trusting").asBoolean()) context.setRollbackOnly(false);
            }
          });
    }
    session.commit();
    return null;
  }

  /**
   * The client's browser looks whether a message is there, and then whether it has been told the end: what comes together
   * with the end in between is missed. So it is asked until it shows the same twice.
   */
  private Object browse(JsonNode command) throws JMSException {
    List<Map<String, Object>> before = null;
    for (List<Map<String, Object>> now = browseOnce(command); ; now = browseOnce(command)) {
      if (now.equals(before)) return now;
      before = now;
    }
  }

  private List<Map<String, Object>> browseOnce(JsonNode command) throws JMSException {
    QueueBrowser browser = sessionOf(command).createBrowser((Queue) destination(command.path("queue").asText()));
    List<Map<String, Object>> messages = new ArrayList<>();
    for (Enumeration<?> each = browser.getEnumeration(); each.hasMoreElements(); )
      messages.add(described((Message) each.nextElement()));
    browser.close();
    return messages;
  }

  /** Sends `prefix` and a number, one after another, until it is halted; answers with what was confirmed. */
  private Object produce(JsonNode command) throws Exception {
    Session session = sessionOf(command);
    MessageProducer producer = producer(command.path("session").asText(), command.path("to").asText());
    String prefix = command.path("prefix").asText();
    return stream(command.path("name")).run(session, producer, prefix, command.path("groupSize").asInt(1));
  }

  /** Whoever speaks of it first makes it: commands of other lanes do not wait for its own. */
  private Stream stream(JsonNode name) {
    return streams.computeIfAbsent(name.asText(), key -> new Stream());
  }

  private Object close(String name) throws JMSException {
    if (consumers.containsKey(name)) consumers.remove(name).close();
    else if (sessions.containsKey(name)) sessions.remove(name).close();
    else connections.remove(name).close();
    return null;
  }

  private Session sessionOf(JsonNode command) {
    return sessions.get(command.path("session").asText());
  }

  private Destination destination(String name) throws JMSException {
    if (name.startsWith("temporary:")) return temporary.get(name.substring(10));
    if (name.startsWith("reply:")) {
      List<Message> messages = received.get(name.substring(6));
      return messages.get(messages.size() - 1).getJMSReplyTo();
    }
    return ActiveMQDestination.createDestination(name, ActiveMQDestination.QUEUE_TYPE);
  }

  @FunctionalInterface
  private interface Action {
    void run() throws Exception;
  }

  private static Object done(Action action) throws Exception {
    action.run();
    return null;
  }

  static double nowMs() {
    return System.nanoTime() / 1e6;
  }
}
