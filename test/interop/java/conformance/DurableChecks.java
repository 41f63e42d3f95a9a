package conformance;

import static conformance.Desk.nothing;
import static conformance.Desk.numbers;
import static conformance.Desk.send;
import static conformance.Desk.take;
import static conformance.Desk.texts;

import javax.jms.InvalidClientIDException;
import javax.jms.InvalidDestinationException;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.Topic;

/** Durable subscriptions. */
final class DurableChecks {
  private static Session as(Desk desk, String client, String... options) throws JMSException {
    return desk.connectAs(client, options).createSession(false, Session.AUTO_ACKNOWLEDGE);
  }

  private static void sendNumbered(Session session, Topic topic, int... numbers) throws JMSException {
    for (int number : numbers) {
      TextMessage message = session.createTextMessage(String.valueOf(number));
      message.setIntProperty("n", number);
      session.createProducer(topic).send(message);
    }
  }

  /** Subscribes once as `client`, and leaves. */
  private static void subscribeAndLeave(Desk desk, String selector) throws JMSException {
    Session session = as(desk, desk.id);
    session.createDurableSubscriber(desk.topic(), "s", selector, false);
    Desk.connectionOf(session).close();
  }

  static void addTo(Checklist list) {
    list.group("durable");
    keeping(list);
    identity(list);
    changing(list);
  }

  private static void keeping(Checklist list) {
    list.check("keeps messages while its subscriber is away", desk -> {
      subscribeAndLeave(desk, null);
      send(desk.auto(), desk.topic(), numbers(30));
      texts(as(desk, desk.id).createDurableSubscriber(desk.topic(), "s"), numbers(30));
    });
    list.check("starts at its first subscription", desk -> {
      send(desk.auto(), desk.topic(), "before");
      subscribeAndLeave(desk, null);
      send(desk.auto(), desk.topic(), "after");
      texts(as(desk, desk.id).createDurableSubscriber(desk.topic(), "s"), "after");
    });
    list.check("what was acknowledged does not come again, the rest does", desk -> {
      Session session = desk.connectAs(desk.id).createSession(false, Session.CLIENT_ACKNOWLEDGE);
      MessageConsumer consumer = session.createDurableSubscriber(desk.topic(), "s");
      send(desk.auto(), desk.topic(), "a", "b", "c");
      take(consumer).acknowledge();
      take(consumer);
      Desk.connectionOf(session).close();
      MessageConsumer again = as(desk, desk.id).createDurableSubscriber(desk.topic(), "s");
      Message message = take(again);
      Expect.equal("b", ((TextMessage) message).getText());
      Expect.equal(true, message.getJMSRedelivered());
      texts(again, "c");
    });
    list.check("two subscriptions of one client go separate ways", desk -> {
      Session session = as(desk, desk.id);
      MessageConsumer one = session.createDurableSubscriber(desk.topic(), "one");
      session.createDurableSubscriber(desk.topic(), "two").close();
      send(desk.auto(), desk.topic(), "a");
      texts(one, "a");
      texts(session.createDurableSubscriber(desk.topic(), "two"), "a");
    });
    list.check("one name of two clients is two subscriptions", desk -> {
      MessageConsumer one = as(desk, desk.id + "-1").createDurableSubscriber(desk.topic(), "s");
      MessageConsumer two = as(desk, desk.id + "-2").createDurableSubscriber(desk.topic(), "s");
      send(desk.auto(), desk.topic(), "a");
      texts(one, "a");
      texts(two, "a");
    });
    list.check("with a selector keeps what fits", desk -> {
      subscribeAndLeave(desk, "n > 2");
      sendNumbered(desk.auto(), desk.topic(), 1, 2, 3, 4);
      texts(as(desk, desk.id).createDurableSubscriber(desk.topic(), "s", "n > 2", false), "3", "4");
    });
    list.check("no-local while it is there", desk -> {
      Session session = as(desk, desk.id);
      MessageConsumer consumer = session.createDurableSubscriber(desk.topic(), "s", null, true);
      send(session, desk.topic(), "own");
      send(desk.auto(), desk.topic(), "other");
      texts(consumer, "other");
      nothing(consumer);
    });
    list.check("on a wildcard", desk -> {
      Session session = as(desk, desk.id);
      session.createDurableSubscriber(desk.topic(">"), "s");
      Session sending = desk.auto();
      send(sending, desk.topic("a"), "known");
      Desk.connectionOf(session).close();
      send(sending, desk.topic("a"), "away");
      texts(as(desk, desk.id).createDurableSubscriber(desk.topic(">"), "s"), "known", "away");
    });
    list.check("in a transaction: what is not committed comes again", desk -> {
      Session session = desk.connectAs(desk.id).createSession(true, Session.SESSION_TRANSACTED);
      MessageConsumer consumer = session.createDurableSubscriber(desk.topic(), "s");
      send(desk.auto(), desk.topic(), "a", "b");
      texts(consumer, "a");
      session.commit();
      texts(consumer, "b");
      Desk.connectionOf(session).close();
      texts(as(desk, desk.id).createDurableSubscriber(desk.topic(), "s"), "b");
    });
    list.check("a backlog of 3,000 comes in order", desk -> {
      subscribeAndLeave(desk, null);
      Session sending = desk.transacted();
      send(sending, desk.topic(), numbers(3_000));
      sending.commit();
      texts(as(desk, desk.id).createDurableSubscriber(desk.topic(), "s"), numbers(3_000));
    });
    list.check("non-persistent messages are kept too while the broker lives", desk -> {
      subscribeAndLeave(desk, null);
      Session session = desk.auto();
      javax.jms.MessageProducer producer = session.createProducer(desk.topic());
      producer.setDeliveryMode(javax.jms.DeliveryMode.NON_PERSISTENT);
      producer.send(session.createTextMessage("a"));
      texts(as(desk, desk.id).createDurableSubscriber(desk.topic(), "s"), "a");
    });
  }

  private static void identity(Checklist list) {
    list.check("a client id in use is refused", desk -> {
      desk.connectAs(desk.id);
      Expect.fails(InvalidClientIDException.class, () -> desk.connectAs(desk.id));
    });
    list.check("a client id is free again when its connection closes", desk -> {
      desk.connectAs(desk.id).close();
      desk.connectAs(desk.id);
    });
    list.check("a subscription in use is refused to a second subscriber", desk -> {
      Session session = as(desk, desk.id);
      session.createDurableSubscriber(desk.topic(), "s");
      JMSException refusal =
          Expect.fails(JMSException.class, () -> session.createDurableSubscriber(desk.topic(), "s"));
      Expect.that(refusal.getMessage().contains("in use"), refusal.getMessage());
    });
    list.check("without a client id there is none", desk -> {
      Session session = desk.auto();
      desk.auto();
      Expect.fails(JMSException.class, () -> session.createDurableSubscriber(desk.topic(), "s"));
    });
  }

  private static void changing(Checklist list) {
    list.check("unsubscribe drops it with its messages", desk -> {
      subscribeAndLeave(desk, null);
      send(desk.auto(), desk.topic(), "old");
      Session session = as(desk, desk.id);
      session.unsubscribe("s");
      MessageConsumer consumer = session.createDurableSubscriber(desk.topic(), "s");
      send(desk.auto(), desk.topic(), "new");
      texts(consumer, "new");
    });
    list.check("unsubscribe of one in use is refused", desk -> {
      Session session = as(desk, desk.id);
      session.createDurableSubscriber(desk.topic(), "s");
      Expect.fails(JMSException.class, () -> session.unsubscribe("s"));
    });
    list.check("unsubscribe of an unknown one is refused", desk -> {
      Session session = as(desk, desk.id);
      Expect.fails(InvalidDestinationException.class, () -> session.unsubscribe("unknown"));
    });
    list.check("another selector starts it anew", desk -> {
      subscribeAndLeave(desk, "n = 1");
      sendNumbered(desk.auto(), desk.topic(), 1, 2);
      MessageConsumer consumer = as(desk, desk.id).createDurableSubscriber(desk.topic(), "s", "n = 2", false);
      sendNumbered(desk.auto(), desk.topic(), 2, 1);
      Message message = take(consumer);
      Expect.equal(2, message.getIntProperty("n"));
      nothing(consumer);
    });
    list.check("another topic starts it anew", desk -> {
      Session first = as(desk, desk.id);
      first.createDurableSubscriber(desk.topic("a"), "s");
      Desk.connectionOf(first).close();
      send(desk.auto(), desk.topic("a"), "old");
      MessageConsumer consumer = as(desk, desk.id).createDurableSubscriber(desk.topic("b"), "s");
      send(desk.auto(), desk.topic("b"), "new");
      texts(consumer, "new");
      nothing(consumer);
    });
  }
}
