package conformance;

import static conformance.Desk.PULL;
import static conformance.Desk.nothing;
import static conformance.Desk.numbers;
import static conformance.Desk.send;
import static conformance.Desk.take;
import static conformance.Desk.text;
import static conformance.Desk.texts;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQSession;

/** Acknowledgement modes, redelivery flag and count. */
final class AcknowledgementChecks {
  private static final String SOON = "jms.redeliveryPolicy.initialRedeliveryDelay=0&jms.redeliveryPolicy.redeliveryDelay=0";

  /** The queue is empty for everybody. */
  private static void isEmpty(Desk desk) throws Exception {
    Expect.equal(null, desk.auto(PULL).createConsumer(desk.queue()).receiveNoWait());
  }

  private static void again(Message message, String text, int count) throws Exception {
    Expect.equal(text, ((TextMessage) message).getText());
    Expect.equal(true, message.getJMSRedelivered());
    Expect.equal(count, message.getIntProperty("JMSXDeliveryCount"));
  }

  static void addTo(Checklist list) {
    list.group("acknowledgement");
    modes(list);
    individual(list);
    list.group("redelivery");
    redelivery(list);
  }

  private static void modes(Checklist list) {
    list.check("auto: what was received is gone, what was only prefetched is not", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), "a", "b");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      texts(consumer, "a");
      Desk.connectionOf(session).close();
      MessageConsumer next = desk.auto().createConsumer(desk.queue());
      texts(next, "b");
      nothing(next);
    });
    list.check("auto: a listener that throws gets the message again", desk -> {
      Session session = desk.auto(SOON);
      List<Integer> counts = Collections.synchronizedList(new ArrayList<>());
      session.createConsumer(desk.queue()).setMessageListener(message -> {
        try {
          counts.add(message.getIntProperty("JMSXDeliveryCount"));
        } catch (javax.jms.JMSException failure) {
          throw new IllegalStateException(failure);
        }
        if (counts.size() < 3) throw new IllegalStateException("on purpose");
      });
      send(desk.auto(), desk.queue(), "a");
      Desk.eventually("three deliveries", () -> counts.size() == 3);
      Expect.equal(List.of(1, 2, 3), counts);
      isEmpty(desk);
    });
    list.check("client: one acknowledgement covers all received so far", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE);
      send(session, desk.queue(), "a", "b", "c");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      take(consumer);
      take(consumer).acknowledge();
      Desk.connectionOf(session).close();
      MessageConsumer next = desk.auto().createConsumer(desk.queue());
      texts(next, "c");
      nothing(next);
    });
    list.check("client: what was not acknowledged comes again, flagged and counted", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE);
      send(session, desk.queue(), "a");
      Expect.equal("a", text(session.createConsumer(desk.queue())));
      Desk.connectionOf(session).close();
      again(take(desk.auto().createConsumer(desk.queue())), "a", 2);
    });
    list.check("client: recover brings back what is open, in order", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE, SOON);
      send(session, desk.queue(), "a", "b", "c");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      take(consumer).acknowledge();
      take(consumer);
      take(consumer);
      session.recover();
      again(take(consumer), "b", 2);
      again(take(consumer), "c", 2);
    });
    list.check("client: one acknowledgement covers all consumers of the session", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE);
      send(session, desk.queue("x"), "a");
      send(session, desk.queue("y"), "b");
      take(session.createConsumer(desk.queue("x")));
      take(session.createConsumer(desk.queue("y"))).acknowledge();
      Desk.connectionOf(session).close();
      Session other = desk.auto(PULL);
      Expect.equal(null, other.createConsumer(desk.queue("x")).receiveNoWait());
      Expect.equal(null, other.createConsumer(desk.queue("y")).receiveNoWait());
    });
    list.check("client: an acknowledgement after the message went to nobody else is kept", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE, "jms.prefetchPolicy.all=100");
      send(session, desk.queue(), numbers(120));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      Message last = null;
      for (int number = 1; number <= 120; number += 1) last = take(consumer);
      last.acknowledge();
      isEmpty(desk);
    });
    list.check("dups-ok: all is gone once the session is closed", desk -> {
      Session session = desk.session(Session.DUPS_OK_ACKNOWLEDGE);
      send(session, desk.queue(), numbers(100));
      texts(session.createConsumer(desk.queue()), numbers(100));
      Desk.connectionOf(session).close();
      isEmpty(desk);
    });
    list.check("dups-ok on a topic", desk -> {
      Session session = desk.session(Session.DUPS_OK_ACKNOWLEDGE);
      MessageConsumer consumer = session.createConsumer(desk.topic());
      send(session, desk.topic(), numbers(100));
      texts(consumer, numbers(100));
    });
  }

  private static void individual(Checklist list) {
    int mode = ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE;
    list.check("individual: only the one message", desk -> {
      Session session = desk.session(mode);
      send(session, desk.queue(), "a", "b", "c");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      take(consumer);
      take(consumer).acknowledge();
      take(consumer);
      Desk.connectionOf(session).close();
      texts(desk.auto().createConsumer(desk.queue()), "a", "c");
      isEmpty(desk);
    });
    list.check("individual: in reverse order", desk -> {
      Session session = desk.session(mode);
      send(session, desk.queue(), numbers(20));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      List<Message> got = new ArrayList<>();
      for (int number = 1; number <= 20; number += 1) got.add(take(consumer));
      Collections.reverse(got);
      for (Message message : got) message.acknowledge();
      consumer.close();
      isEmpty(desk);
    });
    list.check("individual: with prefetch 1 the next comes after the acknowledgement", desk -> {
      Session session = desk.session(mode, "jms.prefetchPolicy.all=1");
      send(session, desk.queue(), numbers(10));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      for (String number : numbers(10)) {
        Message message = take(consumer);
        Expect.equal(number, ((TextMessage) message).getText());
        message.acknowledge();
      }
    });
    list.check("individual: recover brings back the open ones", desk -> {
      Session session = desk.session(mode, SOON);
      send(session, desk.queue(), "a", "b");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      take(consumer);
      take(consumer).acknowledge();
      session.recover();
      again(take(consumer), "a", 2);
    });
  }

  private static void redelivery(Checklist list) {
    list.check("the count goes on over three consumers", desk -> {
      send(desk.auto(), desk.queue(), "a");
      for (int count = 1; count <= 3; count += 1) {
        Session session = desk.session(Session.CLIENT_ACKNOWLEDGE);
        Message message = take(session.createConsumer(desk.queue()));
        Expect.equal(count, message.getIntProperty("JMSXDeliveryCount"));
        Expect.equal(count > 1, message.getJMSRedelivered());
        Desk.connectionOf(session).close();
      }
    });
    list.check("what was prefetched and never received is not counted", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE);
      send(session, desk.queue(), "a", "b");
      take(session.createConsumer(desk.queue()));
      Desk.connectionOf(session).close();
      MessageConsumer next = desk.auto().createConsumer(desk.queue());
      again(take(next), "a", 2);
      Message unread = take(next);
      Expect.equal(1, unread.getIntProperty("JMSXDeliveryCount"));
      Expect.equal(false, unread.getJMSRedelivered());
    });
    list.check("a rolled back message comes to the same consumer, flagged and counted", desk -> {
      Session session = desk.transacted(SOON);
      send(desk.auto(), desk.queue(), "a");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      take(consumer);
      session.rollback();
      again(take(consumer), "a", 2);
      session.rollback();
      again(take(consumer), "a", 3);
      session.commit();
      isEmpty(desk);
    });
    list.check("order is kept over a roll back", desk -> {
      Session session = desk.transacted(SOON);
      send(desk.auto(), desk.queue(), numbers(10));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      texts(consumer, "1", "2", "3");
      session.rollback();
      texts(consumer, numbers(10));
      session.commit();
    });
    list.check("order is kept when a consumer dies with messages in hand", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE);
      send(session, desk.queue(), numbers(20));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      for (int number = 1; number <= 7; number += 1) take(consumer);
      Desk.connectionOf(session).getTransport().stop();
      texts(desk.auto().createConsumer(desk.queue()), numbers(20));
    });
    list.check("the delay of the policy is kept by the client", desk -> {
      Session session = desk.transacted("jms.redeliveryPolicy.initialRedeliveryDelay=400");
      send(desk.auto(), desk.queue(), "a");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      take(consumer);
      session.rollback();
      long from = System.nanoTime();
      again(take(consumer), "a", 2);
      Expect.that(System.nanoTime() - from > 300_000_000L, "it waited");
      session.commit();
    });
    list.check("a connection that breaks gives back what it held", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE);
      send(session, desk.queue(), "a", "b");
      Expect.equal("a", text(session.createConsumer(desk.queue())));
      Desk.connectionOf(session).getTransport().stop();
      texts(desk.auto().createConsumer(desk.queue()), "a", "b");
    });
  }
}
