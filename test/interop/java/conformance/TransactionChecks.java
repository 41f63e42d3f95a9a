package conformance;

import static conformance.Desk.PULL;
import static conformance.Desk.browse;
import static conformance.Desk.numbers;
import static conformance.Desk.send;
import static conformance.Desk.take;
import static conformance.Desk.texts;

import java.util.List;
import javax.jms.MessageConsumer;
import javax.jms.Session;

/** Local transactions. */
final class TransactionChecks {
  static void addTo(Checklist list) {
    list.group("transaction");
    sending(list);
    receiving(list);
    both(list);
  }

  private static void sending(Checklist list) {
    list.check("sends are not seen before the commit, then in order", desk -> {
      Session session = desk.transacted();
      send(session, desk.queue(), numbers(20));
      Session reading = desk.auto(PULL);
      MessageConsumer consumer = reading.createConsumer(desk.queue());
      Expect.equal(null, consumer.receiveNoWait());
      Expect.equal(List.of(), browse(reading, desk.queue()));
      session.commit();
      texts(consumer, numbers(20));
    });
    list.check("sends that are rolled back never were", desk -> {
      Session session = desk.transacted();
      send(session, desk.queue(), "gone");
      session.rollback();
      send(session, desk.queue(), "kept");
      session.commit();
      MessageConsumer consumer = desk.auto(PULL).createConsumer(desk.queue());
      texts(consumer, "kept");
      Expect.equal(null, consumer.receiveNoWait());
    });
    list.check("closing the session rolls back", desk -> {
      Session session = desk.transacted();
      send(session, desk.queue(), "gone");
      session.close();
      Expect.equal(List.of(), browse(desk.auto(), desk.queue()));
    });
    list.check("a connection that breaks rolls back", desk -> {
      Session session = desk.transacted();
      send(session, desk.queue(), "gone");
      Desk.connectionOf(session).getTransport().stop();
      send(desk.auto(), desk.queue(), "kept");
      Expect.equal(List.of("kept"), browse(desk.auto(), desk.queue()));
    });
    list.check("several queues and a topic at once", desk -> {
      Session session = desk.transacted();
      MessageConsumer topic = desk.auto().createConsumer(desk.topic());
      send(session, desk.queue("a"), "1");
      send(session, desk.topic(), "2");
      send(session, desk.queue("b"), "3");
      session.commit();
      Session reading = desk.auto();
      texts(reading.createConsumer(desk.queue("a")), "1");
      texts(topic, "2");
      texts(reading.createConsumer(desk.queue("b")), "3");
    });
    list.check("2,000 messages in one", desk -> {
      Session session = desk.transacted();
      send(session, desk.queue(), numbers(2_000));
      session.commit();
      texts(desk.auto().createConsumer(desk.queue()), numbers(2_000));
    });
    list.check("one after another on one session", desk -> {
      Session session = desk.transacted();
      for (String number : numbers(50)) {
        send(session, desk.queue(), number);
        session.commit();
      }
      texts(desk.auto().createConsumer(desk.queue()), numbers(50));
    });
    list.check("an empty one may be committed and rolled back", desk -> {
      Session session = desk.transacted();
      session.commit();
      session.rollback();
      send(session, desk.queue(), "a");
      session.commit();
      texts(desk.auto().createConsumer(desk.queue()), "a");
    });
    list.check("two sessions of one connection are apart", desk -> {
      Session one = desk.transacted();
      Session two = Desk.connectionOf(one).createSession(true, Session.SESSION_TRANSACTED);
      send(one, desk.queue(), "one");
      send(two, desk.queue(), "two");
      two.commit();
      Expect.equal(List.of("two"), browse(desk.auto(), desk.queue()));
      one.rollback();
      Expect.equal(List.of("two"), browse(desk.auto(), desk.queue()));
    });
    list.check("non-persistent messages belong to it too", desk -> {
      Session session = desk.transacted();
      javax.jms.MessageProducer producer = session.createProducer(desk.queue());
      producer.setDeliveryMode(javax.jms.DeliveryMode.NON_PERSISTENT);
      producer.send(session.createTextMessage("a"));
      Expect.equal(List.of(), browse(desk.auto(), desk.queue()));
      session.commit();
      Expect.equal(List.of("a"), browse(desk.auto(), desk.queue()));
    });
  }

  private static void receiving(Checklist list) {
    list.check("what is received goes with the commit", desk -> {
      send(desk.auto(), desk.queue(), "a", "b");
      Session session = desk.transacted();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      texts(consumer, "a");
      session.commit();
      Desk.connectionOf(session).close();
      texts(desk.auto().createConsumer(desk.queue()), "b");
    });
    list.check("what is received and not committed comes back", desk -> {
      send(desk.auto(), desk.queue(), "a", "b");
      Session session = desk.transacted();
      texts(session.createConsumer(desk.queue()), "a", "b");
      Desk.connectionOf(session).close();
      MessageConsumer next = desk.auto().createConsumer(desk.queue());
      Expect.equal(true, take(next).getJMSRedelivered());
      texts(next, "b");
    });
    list.check("a consumer may be closed before the commit", desk -> {
      send(desk.auto(), desk.queue(), "a");
      Session session = desk.transacted();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      texts(consumer, "a");
      consumer.close();
      session.commit();
      Expect.equal(null, desk.auto(PULL).createConsumer(desk.queue()).receiveNoWait());
    });
    list.check("a consumer closed before the roll back: others get its messages", desk -> {
      send(desk.auto(), desk.queue(), "a");
      Session session = desk.transacted();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      texts(consumer, "a");
      consumer.close();
      session.rollback();
      texts(desk.auto().createConsumer(desk.queue()), "a");
    });
  }

  private static void both(Checklist list) {
    list.check("receive and send are one", desk -> {
      send(desk.auto(), desk.queue("in"), "a");
      Session session = desk.transacted("jms.redeliveryPolicy.initialRedeliveryDelay=0");
      MessageConsumer in = session.createConsumer(desk.queue("in"));
      texts(in, "a");
      send(session, desk.queue("out"), "b");
      session.rollback();
      Expect.equal(List.of(), browse(desk.auto(), desk.queue("out")));
      texts(in, "a");
      send(session, desk.queue("out"), "c");
      session.commit();
      texts(desk.auto().createConsumer(desk.queue("out")), "c");
    });
    list.check("a message sent in it is not received in it", desk -> {
      Session session = desk.transacted(PULL);
      MessageConsumer consumer = session.createConsumer(desk.queue());
      send(session, desk.queue(), "a");
      Expect.equal(null, consumer.receiveNoWait());
      session.commit();
      texts(consumer, "a");
      session.commit();
    });
    list.check("topic messages received are counted in it", desk -> {
      Session session = desk.transacted("jms.prefetchPolicy.topicPrefetch=5");
      MessageConsumer consumer = session.createConsumer(desk.topic());
      send(desk.auto(), desk.topic(), numbers(30));
      for (String number : numbers(30)) {
        texts(consumer, number);
        session.commit();
      }
    });
  }
}
