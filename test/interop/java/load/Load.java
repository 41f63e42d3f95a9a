package load;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnectionFactory;

/** One order: so many producers and consumers on one queue of its own, for a time, or until a backlog is gone. */
final class Load {
  private final ActiveMQConnectionFactory factory;
  private final String queue;
  private final int producers;
  private final int consumers;
  private final int groupSize;
  private final int bodyBytes;
  private final int warmUpMs;
  private final int measureMs;
  /** Messages that wait on the queue before consumers start; then taking them is measured and nothing else. */
  private final int backlog;

  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong received = new AtomicLong();
  private volatile boolean isOver = false;

  Load(JsonNode order) {
    factory = new ActiveMQConnectionFactory(order.path("uri").asText());
    queue = "load-" + Long.toString(System.nanoTime(), 36);
    producers = order.path("producers").asInt(0);
    consumers = order.path("consumers").asInt(0);
    groupSize = order.path("groupSize").asInt(1);
    bodyBytes = order.path("bodyBytes").asInt(1_024);
    warmUpMs = order.path("warmUpMs").asInt(1_000);
    measureMs = order.path("measureMs").asInt(5_000);
    backlog = order.path("backlog").asInt(0);
  }

  Map<String, Object> run() throws Exception {
    if (backlog > 0) fill();
    ExecutorService threads = Executors.newCachedThreadPool();
    List<Future<Void>> work = new ArrayList<>();
    long from = System.nanoTime();
    for (int index = 0; index < consumers; index += 1) work.add(threads.submit(this::consume));
    for (int index = 0; index < producers; index += 1) work.add(threads.submit(this::produce));
    Map<String, Object> figures = backlog > 0 ? untilEmpty(from) : forATime();
    isOver = true;
    for (Future<Void> each : work) each.get(120, TimeUnit.SECONDS);
    threads.shutdown();
    if (backlog == 0) empty();
    return figures;
  }

  private Map<String, Object> forATime() throws InterruptedException {
    Thread.sleep(warmUpMs);
    AtomicLong counted = consumers > 0 ? received : sent;
    long before = counted.get();
    long from = System.nanoTime();
    Thread.sleep(measureMs);
    return figures(counted.get() - before, from);
  }

  private Map<String, Object> untilEmpty(long from) throws InterruptedException {
    while (received.get() < backlog) Thread.sleep(1);
    return figures(backlog, from);
  }

  private static Map<String, Object> figures(long count, long from) {
    double seconds = (System.nanoTime() - from) / 1e9;
    return Map.of("count", count, "seconds", seconds, "perSecond", count / seconds);
  }

  private Connection connect() throws JMSException {
    Connection connection = factory.createConnection();
    connection.start();
    return connection;
  }

  private Void produce() throws JMSException {
    Connection connection = connect();
    send(connection, groupSize, () -> !isOver);
    connection.close();
    return null;
  }

  private Void consume() throws JMSException {
    Connection connection = connect();
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
    while (!isOver) {
      if (consumer.receive(100) != null) received.incrementAndGet();
    }
    connection.close();
    return null;
  }

  @FunctionalInterface
  private interface Wish {
    boolean goesOn();
  }

  /** Persistent messages, `group` of them a commit, or each confirmed by itself. */
  private void send(Connection connection, int group, Wish wish) throws JMSException {
    Session session = connection.createSession(group > 1, Session.AUTO_ACKNOWLEDGE);
    MessageProducer producer = session.createProducer(session.createQueue(queue));
    producer.setDeliveryMode(DeliveryMode.PERSISTENT);
    byte[] body = new byte[bodyBytes];
    while (wish.goesOn()) {
      for (int part = 0; part < group; part += 1) {
        BytesMessage message = session.createBytesMessage();
        message.writeBytes(body);
        producer.send(message);
      }
      if (group > 1) session.commit();
      sent.addAndGet(group);
    }
  }

  private void fill() throws JMSException {
    Connection connection = connect();
    send(connection, 500, () -> sent.get() < backlog);
    connection.close();
  }

  /** What one order leaves must not weigh on the next. */
  private void empty() throws JMSException {
    Connection connection = connect();
    Session session = connection.createSession(false, Session.DUPS_OK_ACKNOWLEDGE);
    MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
    while (consumer.receive(500) != null) continue;
    connection.close();
  }
}
