package conformance;

import static conformance.Desk.take;

import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import javax.jms.DeliveryMode;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQMessageProducer;

/** Headers and properties. */
final class PropertyChecks {
  @FunctionalInterface
  private interface Dressing {
    void put(Message message) throws Exception;
  }

  private static Message through(Desk desk, Dressing dressing) throws Exception {
    Session session = desk.auto();
    Message message = session.createTextMessage("a");
    dressing.put(message);
    session.createProducer(desk.queue()).send(message);
    return take(session.createConsumer(desk.queue()));
  }

  static void addTo(Checklist list) {
    list.group("property");
    properties(list);
    list.group("header");
    kept(list);
    given(list);
  }

  private static void properties(Checklist list) {
    list.check("every type keeps its type", desk -> {
      Message received = through(desk, message -> {
        message.setBooleanProperty("boolean", true);
        message.setByteProperty("byte", (byte) 1);
        message.setShortProperty("short", (short) 2);
        message.setIntProperty("int", 3);
        message.setLongProperty("long", 4L);
        message.setFloatProperty("float", 5.5f);
        message.setDoubleProperty("double", 6.5);
        message.setStringProperty("string", "é");
      });
      Expect.equal(true, received.getObjectProperty("boolean"));
      Expect.equal((byte) 1, received.getObjectProperty("byte"));
      Expect.equal((short) 2, received.getObjectProperty("short"));
      Expect.equal(3, received.getObjectProperty("int"));
      Expect.equal(4L, received.getObjectProperty("long"));
      Expect.equal(5.5f, received.getObjectProperty("float"));
      Expect.equal(6.5, received.getObjectProperty("double"));
      Expect.equal("é", received.getObjectProperty("string"));
    });
    list.check("null, long texts and odd names", desk -> {
      Message received = through(desk, message -> {
        message.setObjectProperty("nothing", null);
        message.setStringProperty("long", "x".repeat(70_000));
        message.setStringProperty("with space-é", "b");
      });
      Expect.that(received.propertyExists("nothing"), "null is there");
      Expect.equal("x".repeat(70_000), received.getStringProperty("long"));
      Expect.equal("b", received.getStringProperty("with space-é"));
    });
    list.check("lists and maps as values", desk -> {
      Message received = through(desk, message -> message.setObjectProperty("map", Map.of("a", List.of(1, "b"))));
      Expect.equal(List.of(1, "b"), ((Map<?, ?>) received.getObjectProperty("map")).get("a"));
    });
    list.check("names are listed, and no others of the broker's", desk -> {
      Message received = through(desk, message -> {
        message.setIntProperty("one", 1);
        message.setIntProperty("two", 2);
      });
      TreeSet<String> names = new TreeSet<>();
      Enumeration<?> each = received.getPropertyNames();
      while (each.hasMoreElements()) names.add((String) each.nextElement());
      names.removeIf(name -> name.startsWith("JMSX"));
      Expect.equal("[one, two]", names.toString());
    });
    list.check("400 of them", desk -> {
      Message received = through(desk, message -> {
        for (int index = 0; index < 400; index += 1) message.setIntProperty("p" + index, index);
      });
      for (int index = 0; index < 400; index += 1) Expect.equal(index, received.getIntProperty("p" + index));
    });
  }

  private static void kept(Checklist list) {
    list.check("type and correlation id", desk -> {
      Message received = through(desk, message -> {
        message.setJMSType("type é");
        message.setJMSCorrelationID("correlation é");
      });
      Expect.equal("type é", received.getJMSType());
      Expect.equal("correlation é", received.getJMSCorrelationID());
    });
    list.check("correlation id as bytes", desk -> {
      Message received = through(desk, message -> message.setJMSCorrelationIDAsBytes(new byte[] {65, 66}));
      Expect.that(Arrays.equals(new byte[] {65, 66}, received.getJMSCorrelationIDAsBytes()), "the bytes are the same");
    });
    list.check("reply-to a queue", desk -> {
      Message received = through(desk, message -> message.setJMSReplyTo(desk.queue("reply")));
      Expect.equal(desk.queue("reply"), received.getJMSReplyTo());
    });
    list.check("reply-to a topic", desk -> {
      Message received = through(desk, message -> message.setJMSReplyTo(desk.topic("reply")));
      Expect.equal(desk.topic("reply"), received.getJMSReplyTo());
    });
    list.check("group id and sequence", desk -> {
      Message received = through(desk, message -> {
        message.setStringProperty("JMSXGroupID", "group");
        message.setIntProperty("JMSXGroupSeq", 5);
      });
      Expect.equal("group", received.getStringProperty("JMSXGroupID"));
      Expect.equal(5, received.getIntProperty("JMSXGroupSeq"));
    });
    list.check("destination, message id and timestamp are the producer's", desk -> {
      Session session = desk.auto();
      TextMessage message = session.createTextMessage("a");
      session.createProducer(desk.queue()).send(message);
      Message received = take(session.createConsumer(desk.queue()));
      Expect.equal(desk.queue(), received.getJMSDestination());
      Expect.equal(message.getJMSMessageID(), received.getJMSMessageID());
      Expect.equal(message.getJMSTimestamp(), received.getJMSTimestamp());
      Expect.that(Math.abs(received.getJMSTimestamp() - System.currentTimeMillis()) < 60_000, "it is of now");
    });
    list.check("a producer without timestamps", desk -> {
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(desk.queue());
      producer.setDisableMessageTimestamp(true);
      producer.send(session.createTextMessage("a"));
      Expect.equal(0L, take(session.createConsumer(desk.queue())).getJMSTimestamp());
    });
    list.check("delivery mode and priority", desk -> {
      Session session = desk.auto();
      session.createProducer(desk.queue()).send(session.createTextMessage("a"), DeliveryMode.NON_PERSISTENT, 7, 0);
      Message received = take(session.createConsumer(desk.queue()));
      Expect.equal(DeliveryMode.NON_PERSISTENT, received.getJMSDeliveryMode());
      Expect.equal(7, received.getJMSPriority());
    });
    list.check("a non-persistent message waits for its consumer", desk -> {
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(desk.queue());
      producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
      for (String text : Desk.numbers(20)) producer.send(session.createTextMessage(text));
      Desk.texts(desk.auto().createConsumer(desk.queue()), Desk.numbers(20));
    });
  }

  private static void given(Checklist list) {
    list.check("first delivery: count 1, not redelivered", desk -> {
      Message received = through(desk, message -> {});
      Expect.equal(1, received.getIntProperty("JMSXDeliveryCount"));
      Expect.equal(false, received.getJMSRedelivered());
    });
    list.check("expiration is timestamp and time to live", desk -> {
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(desk.queue());
      producer.setTimeToLive(3_600_000);
      producer.send(session.createTextMessage("a"));
      Message received = take(session.createConsumer(desk.queue()));
      Expect.equal(received.getJMSTimestamp() + 3_600_000, received.getJMSExpiration());
    });
    list.check("no user id unless configured", desk -> {
      Expect.equal(null, through(desk, message -> {}).getStringProperty("JMSXUserID"));
    });
    list.check("an expired message is not delivered", desk -> {
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(desk.queue());
      producer.send(session.createTextMessage("late"), DeliveryMode.PERSISTENT, 4, 1);
      Thread.sleep(20);
      producer.send(session.createTextMessage("good"));
      Desk.texts(session.createConsumer(desk.queue()), "good");
    });
    list.check("a message whose time comes while it waits at the consumer is not delivered", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      MessageProducer producer = session.createProducer(desk.queue());
      producer.send(session.createTextMessage("late"), DeliveryMode.PERSISTENT, 4, 100);
      Thread.sleep(200);
      producer.send(session.createTextMessage("good"));
      Desk.texts(consumer, "good");
    });
    list.check("an anonymous producer names the destination each time", desk -> {
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(null);
      Queue queue = desk.queue();
      Topic topic = desk.topic();
      MessageConsumer onTopic = session.createConsumer(topic);
      producer.send(queue, session.createTextMessage("q"));
      producer.send(topic, session.createTextMessage("t"));
      Desk.texts(session.createConsumer(queue), "q");
      Desk.texts(onTopic, "t");
      Expect.that(producer instanceof ActiveMQMessageProducer, "it is the real client");
    });
  }
}
