package conformance;

import static conformance.Desk.PULL;
import static conformance.Desk.nothing;
import static conformance.Desk.take;

import javax.jms.DeliveryMode;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.command.ActiveMQQueue;

/** What becomes of messages that nobody could use. All checks share `ActiveMQ.DLQ` and tell theirs by a property. */
final class DeadLetterChecks {
  private static final String TWICE =
      "jms.redeliveryPolicy.maximumRedeliveries=2&jms.redeliveryPolicy.initialRedeliveryDelay=0"
          + "&jms.redeliveryPolicy.redeliveryDelay=0";

  private static MessageConsumer dead(Desk desk) throws Exception {
    return desk.auto().createConsumer(new ActiveMQQueue("ActiveMQ.DLQ"), "checkId = '" + desk.id + "'");
  }

  private static TextMessage message(Desk desk, Session session, String text) throws Exception {
    TextMessage message = session.createTextMessage(text);
    message.setStringProperty("checkId", desk.id);
    message.setIntProperty("kept", 7);
    message.setJMSCorrelationID("correlation");
    return message;
  }

  /** Rolls back until the client gives up on the message. */
  private static void poison(Desk desk, int deliveryMode) throws Exception {
    Session sending = desk.auto();
    MessageProducer producer = sending.createProducer(desk.queue());
    producer.setDeliveryMode(deliveryMode);
    producer.send(message(desk, sending, "poison"));
    producer.send(message(desk, sending, "good"));
    Session session = desk.transacted(TWICE);
    MessageConsumer consumer = session.createConsumer(desk.queue());
    for (int delivery = 1; delivery <= 3; delivery += 1) {
      Message poison = take(consumer);
      Expect.equal("poison", ((TextMessage) poison).getText());
      Expect.equal(delivery, poison.getIntProperty("JMSXDeliveryCount"));
      session.rollback();
    }
    Expect.equal("good", Desk.text(consumer));
    session.commit();
  }

  static void addTo(Checklist list) {
    list.group("dead letter");
    poison(list);
    expired(list);
  }

  private static void poison(Checklist list) {
    list.check("a message goes there after its redeliveries, the queue goes on", desk -> {
      MessageConsumer dead = dead(desk);
      poison(desk, DeliveryMode.PERSISTENT);
      Expect.equal("poison", Desk.text(dead));
      Expect.equal(null, desk.auto(PULL).createConsumer(desk.queue()).receiveNoWait());
    });
    list.check("it says why, and keeps what it had", desk -> {
      MessageConsumer dead = dead(desk);
      poison(desk, DeliveryMode.PERSISTENT);
      Message message = take(dead);
      Expect.that(message.propertyExists("dlqDeliveryFailureCause"), "there is a cause");
      Expect.equal(7, message.getIntProperty("kept"));
      Expect.equal("correlation", message.getJMSCorrelationID());
      Expect.equal(DeliveryMode.PERSISTENT, message.getJMSDeliveryMode());
    });
    list.check("non-persistent poison is dropped", desk -> {
      MessageConsumer dead = dead(desk);
      poison(desk, DeliveryMode.NON_PERSISTENT);
      nothing(dead);
    });
    list.check("a listener that always throws", desk -> {
      MessageConsumer dead = dead(desk);
      Session session = desk.auto(TWICE);
      session.createConsumer(desk.queue()).setMessageListener(message -> {
        throw new IllegalStateException("on purpose");
      });
      Session sending = desk.auto();
      sending.createProducer(desk.queue()).send(message(desk, sending, "poison"));
      Expect.equal("poison", Desk.text(dead));
    });
    list.check("no limit of redeliveries: never", desk -> {
      Session session = desk.transacted(
          "jms.redeliveryPolicy.maximumRedeliveries=-1", "jms.redeliveryPolicy.initialRedeliveryDelay=0",
          "jms.redeliveryPolicy.redeliveryDelay=0");
      Desk.send(desk.auto(), desk.queue(), "a");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      for (int delivery = 1; delivery <= 15; delivery += 1) {
        Expect.equal(delivery, take(consumer).getIntProperty("JMSXDeliveryCount"));
        session.rollback();
      }
    });
    list.check("a dead letter can be consumed like any other", desk -> {
      poison(desk, DeliveryMode.PERSISTENT);
      Session session = desk.transacted();
      MessageConsumer consumer =
          session.createConsumer(new ActiveMQQueue("ActiveMQ.DLQ"), "checkId = '" + desk.id + "'");
      Message message = take(consumer);
      session.createProducer(desk.queue("again")).send(message);
      session.commit();
      Expect.equal("poison", Desk.text(desk.auto().createConsumer(desk.queue("again"))));
    });
    list.check("of a durable subscription", desk -> {
      MessageConsumer dead = dead(desk);
      Session session = desk.connectAs(desk.id, TWICE).createSession(true, Session.SESSION_TRANSACTED);
      MessageConsumer durable = session.createDurableSubscriber(desk.topic(), "s");
      Session sending = desk.auto();
      sending.createProducer(desk.topic()).send(message(desk, sending, "poison"));
      for (int delivery = 1; delivery <= 3; delivery += 1) {
        take(durable);
        session.rollback();
      }
      Expect.equal("poison", Desk.text(dead));
    });
  }

  private static void expired(Checklist list) {
    list.check("an expired persistent message goes there", desk -> {
      MessageConsumer dead = dead(desk);
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(desk.queue());
      producer.send(message(desk, session, "late"), DeliveryMode.PERSISTENT, 4, 1);
      Thread.sleep(20);
      Expect.equal(null, desk.auto(PULL).createConsumer(desk.queue()).receiveNoWait());
      Message message = take(dead);
      Expect.equal("late", ((TextMessage) message).getText());
      Expect.equal(0L, message.getJMSExpiration());
    });
    list.check("an expired non-persistent message is dropped", desk -> {
      MessageConsumer dead = dead(desk);
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(desk.queue());
      producer.send(message(desk, session, "late"), DeliveryMode.NON_PERSISTENT, 4, 1);
      Thread.sleep(20);
      Expect.equal(null, desk.auto(PULL).createConsumer(desk.queue()).receiveNoWait());
      nothing(dead);
    });
    list.check("a message that expires at the consumer goes there", desk -> {
      MessageConsumer dead = dead(desk);
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      MessageProducer producer = session.createProducer(desk.queue());
      producer.send(message(desk, session, "late"), DeliveryMode.PERSISTENT, 4, 100);
      Thread.sleep(200);
      producer.send(message(desk, session, "good"));
      Expect.equal("good", Desk.text(consumer));
      Expect.equal("late", Desk.text(dead));
    });
  }
}
