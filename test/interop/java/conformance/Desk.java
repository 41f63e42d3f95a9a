package conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
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
import org.apache.activemq.ActiveMQXAConnection;
import org.apache.activemq.ActiveMQXAConnectionFactory;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;

/** What one check works with: connections that end with it, and names that no other check uses. */
final class Desk implements AutoCloseable {
  static final String USER = "tester";
  static final String PASSWORD = "secret";
  static final String PULL = "jms.prefetchPolicy.all=0";
  /** Longer than anything takes; whoever waits so long waits in vain. */
  static final int PATIENCE_MS = 8_000;
  /** For the absence of a message, which no event tells. */
  private static final int ABSENCE_MS = 250;

  final String id;
  private final String uri;
  private final int stompPort;
  private final List<AutoCloseable> connections = Collections.synchronizedList(new ArrayList<>());

  Desk(String uri, int stompPort, String number) {
    this.uri = uri;
    this.stompPort = stompPort;
    this.id = number + "-" + Long.toString(System.nanoTime(), 36);
  }

  String uri(String... options) {
    return options.length == 0 ? uri : uri + "?" + String.join("&", options);
  }

  ActiveMQConnectionFactory factory(String... options) {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(USER, PASSWORD, uri(options));
    factory.setTrustAllPackages(true);
    return factory;
  }

  /** A connection that is started. */
  ActiveMQConnection connect(String... options) throws JMSException {
    ActiveMQConnection connection = unstarted(options);
    connection.start();
    return connection;
  }

  ActiveMQConnection unstarted(String... options) throws JMSException {
    ActiveMQConnection connection = (ActiveMQConnection) factory(options).createConnection();
    connections.add(connection::close);
    return connection;
  }

  ActiveMQConnection connectAs(String clientId, String... options) throws JMSException {
    ActiveMQConnection connection = unstarted(options);
    connection.setClientID(clientId);
    connection.start();
    return connection;
  }

  ActiveMQXAConnection connectXa(String... options) throws JMSException {
    ActiveMQXAConnectionFactory factory = new ActiveMQXAConnectionFactory(USER, PASSWORD, uri(options));
    ActiveMQXAConnection connection = (ActiveMQXAConnection) factory.createXAConnection();
    connections.add(connection::close);
    connection.start();
    return connection;
  }

  /** Not JMS: a connection of the other protocol. */
  Stomp stomp() throws IOException {
    Stomp connection = new Stomp(stompPort);
    connections.add(connection::close);
    return connection;
  }

  /** A session on a connection of its own. */
  Session session(int mode, String... options) throws JMSException {
    return connect(options).createSession(mode == Session.SESSION_TRANSACTED, mode);
  }

  Session auto(String... options) throws JMSException {
    return session(Session.AUTO_ACKNOWLEDGE, options);
  }

  Session transacted(String... options) throws JMSException {
    return session(Session.SESSION_TRANSACTED, options);
  }

  static ActiveMQConnection connectionOf(Session session) {
    return ((ActiveMQSession) session).getConnection();
  }

  Queue queue(String... parts) {
    return new ActiveMQQueue(name(parts));
  }

  Topic topic(String... parts) {
    return new ActiveMQTopic(name(parts));
  }

  String name(String... parts) {
    return parts.length == 0 ? id : id + "." + String.join(".", parts);
  }

  static void send(Session session, Destination destination, String... texts) throws JMSException {
    MessageProducer producer = session.createProducer(destination);
    for (String text : texts) producer.send(session.createTextMessage(text));
    producer.close();
  }

  /** Texts `1` to `count`. */
  static String[] numbers(int count) {
    String[] texts = new String[count];
    for (int index = 0; index < count; index += 1) texts[index] = String.valueOf(index + 1);
    return texts;
  }

  static Message take(MessageConsumer consumer) throws JMSException {
    Message message = consumer.receive(PATIENCE_MS);
    if (message == null) throw new AssertionError("no message came");
    return message;
  }

  static String text(MessageConsumer consumer) throws JMSException {
    return ((TextMessage) take(consumer)).getText();
  }

  static void texts(MessageConsumer consumer, String... expected) throws JMSException {
    List<String> got = new ArrayList<>();
    while (got.size() < expected.length) got.add(text(consumer));
    Expect.equal(List.of(expected), got);
  }

  static void nothing(MessageConsumer consumer) throws JMSException {
    Message message = consumer.receive(ABSENCE_MS);
    if (message != null) throw new AssertionError("a message too many: " + message);
  }

  /**
   * What a browser shows, from the start to its end. The client's looks whether a message is there, and then whether it
   * has been told the end: what comes together with the end in between is missed. So it is asked until it shows the same
   * twice.
   */
  static List<String> browse(Session session, Queue queue, String... selector) throws JMSException {
    List<String> before = null;
    for (List<String> now = browseOnce(session, queue, selector); ; now = browseOnce(session, queue, selector)) {
      if (now.equals(before)) return now;
      before = now;
    }
  }

  private static List<String> browseOnce(Session session, Queue queue, String... selector) throws JMSException {
    QueueBrowser browser =
        selector.length == 0 ? session.createBrowser(queue) : session.createBrowser(queue, selector[0]);
    List<String> texts = new ArrayList<>();
    Enumeration<?> messages = browser.getEnumeration();
    while (messages.hasMoreElements()) texts.add(((TextMessage) messages.nextElement()).getText());
    browser.close();
    return texts;
  }

  /** Waits for what another connection does in its own time. */
  static void eventually(String sentence, Condition condition) throws Exception {
    long until = System.nanoTime() + PATIENCE_MS * 1_000_000L;
    while (!condition.isTrue()) {
      if (System.nanoTime() > until) throw new AssertionError("did not come about: " + sentence);
      Thread.sleep(20);
    }
  }

  @FunctionalInterface
  interface Condition {
    boolean isTrue() throws Exception;
  }

  @Override
  public void close() {
    for (AutoCloseable connection : List.copyOf(connections)) {
      try {
        connection.close();
      } catch (Exception alreadyGone) {
        // The check is over, and said what it had to say.
      }
    }
  }
}
