package conformance;

import static conformance.Desk.PULL;
import static conformance.Desk.nothing;
import static conformance.Desk.numbers;
import static conformance.Desk.send;
import static conformance.Desk.take;
import static conformance.Desk.text;
import static conformance.Desk.texts;

import java.util.Set;
import java.util.TreeSet;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import org.apache.activemq.command.ActiveMQQueue;

/** How much a consumer may hold, pull included. */
final class PrefetchChecks {
  private static final String ONE = "jms.prefetchPolicy.all=1";

  static void addTo(Checklist list) {
    list.group("prefetch");
    pull(list);
    pushed(list);
    options(list);
  }

  private static void pull(Checklist list) {
    list.check("0: each receive takes one", desk -> {
      Session session = desk.auto(PULL);
      MessageConsumer consumer = session.createConsumer(desk.queue());
      send(session, desk.queue(), numbers(3));
      texts(consumer, numbers(3));
    });
    list.check("0: holds nothing that was not asked for", desk -> {
      MessageConsumer greedy = desk.auto(PULL).createConsumer(desk.queue());
      MessageConsumer other = desk.auto(PULL).createConsumer(desk.queue());
      send(desk.auto(), desk.queue(), "a", "b", "c");
      texts(greedy, "a");
      texts(other, "b", "c");
    });
    list.check("0: receive without waiting says at once that there is nothing", desk -> {
      MessageConsumer consumer = desk.auto(PULL).createConsumer(desk.queue());
      Expect.equal(null, consumer.receiveNoWait());
      send(desk.auto(), desk.queue(), "a");
      Expect.equal("a", ((javax.jms.TextMessage) consumer.receiveNoWait()).getText());
      Expect.equal(null, consumer.receiveNoWait());
    });
    list.check("0: receive with a time out ends with nothing", desk -> {
      MessageConsumer consumer = desk.auto(PULL).createConsumer(desk.queue());
      Expect.equal(null, consumer.receive(150));
      send(desk.auto(), desk.queue(), "a");
      texts(consumer, "a");
    });
    list.check("0: a receive that waits gets the message that comes", desk -> {
      MessageConsumer consumer = desk.auto(PULL).createConsumer(desk.queue());
      Session sending = desk.auto();
      Thread sender = new Thread(() -> {
        try {
          Thread.sleep(150);
          send(sending, desk.queue(), "a");
        } catch (Exception failure) {
          throw new IllegalStateException(failure);
        }
      });
      sender.start();
      texts(consumer, "a");
    });
    list.check("0: a pull that ran out takes nothing later", desk -> {
      MessageConsumer impatient = desk.auto(PULL).createConsumer(desk.queue());
      Expect.equal(null, impatient.receive(50));
      MessageConsumer other = desk.auto(PULL).createConsumer(desk.queue());
      send(desk.auto(), desk.queue(), "a");
      texts(other, "a");
    });
    list.check("0: with a selector", desk -> {
      Session session = desk.auto(PULL);
      MessageConsumer consumer = session.createConsumer(desk.queue(), "JMSCorrelationID = 'b'");
      for (String id : new String[] {"a", "b"}) {
        javax.jms.Message message = session.createTextMessage(id);
        message.setJMSCorrelationID(id);
        session.createProducer(desk.queue()).send(message);
      }
      texts(consumer, "b");
      Expect.equal(null, consumer.receiveNoWait());
    });
    list.check("0: in a transaction", desk -> {
      Session session = desk.transacted(PULL);
      send(desk.auto(), desk.queue(), "a", "b");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      texts(consumer, "a", "b");
      session.rollback();
      texts(consumer, "a", "b");
      session.commit();
      Expect.equal(null, consumer.receiveNoWait());
    });
  }

  private static void pushed(Checklist list) {
    list.check("1: a second message goes to somebody else while the first is held", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE, ONE);
      MessageConsumer holding = session.createConsumer(desk.queue());
      send(desk.auto(), desk.queue(), "a", "b", "c");
      Expect.equal("a", text(holding));
      MessageConsumer other = desk.auto(ONE).createConsumer(desk.queue());
      Set<String> got = new TreeSet<>();
      got.add(text(other));
      Expect.that(!got.contains("a"), "what is held stays held");
    });
    list.check("2: holds two, the third goes to the next", desk -> {
      MessageConsumer slow = desk.auto("jms.prefetchPolicy.all=2").createConsumer(desk.queue());
      send(desk.auto(), desk.queue(), "a", "b", "c");
      texts(desk.auto().createConsumer(desk.queue()), "c");
      texts(slow, "a", "b");
    });
    list.check("1000: one consumer holds all, the other gets none", desk -> {
      MessageConsumer greedy = desk.auto().createConsumer(desk.queue());
      send(desk.auto(), desk.queue(), numbers(50));
      MessageConsumer late = desk.auto().createConsumer(desk.queue());
      texts(greedy, "1");
      nothing(late);
      greedy.close();
      Expect.equal("2", text(late));
    });
    list.check("5: client acknowledgement in batches goes on past the limit", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE, "jms.prefetchPolicy.all=5");
      send(session, desk.queue(), numbers(60));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      for (int number = 1; number <= 60; number += 1) {
        javax.jms.Message message = take(consumer);
        Expect.equal(String.valueOf(number), ((javax.jms.TextMessage) message).getText());
        if (number % 4 == 0) message.acknowledge();
      }
      nothing(consumer);
    });
    list.check("10: a transaction may be larger", desk -> {
      Session session = desk.transacted("jms.prefetchPolicy.all=10");
      send(desk.auto(), desk.queue(), numbers(100));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      texts(consumer, numbers(100));
      session.commit();
      nothing(consumer);
    });
    list.check("10: client acknowledgement of more than the limit at once", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE, "jms.prefetchPolicy.all=10");
      send(session, desk.queue(), numbers(50));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      for (int number = 1; number < 50; number += 1) take(consumer);
      take(consumer).acknowledge();
      consumer.close();
      Expect.equal(null, desk.auto(PULL).createConsumer(desk.queue()).receiveNoWait());
    });
    list.check("topic: messages beyond it wait", desk -> {
      Session session = desk.auto("jms.prefetchPolicy.topicPrefetch=5");
      MessageConsumer consumer = session.createConsumer(desk.topic());
      send(desk.auto(), desk.topic(), numbers(100));
      texts(consumer, numbers(100));
    });
  }

  private static void options(Checklist list) {
    list.check("as an option of the destination", desk -> {
      MessageConsumer small = desk.auto().createConsumer(new ActiveMQQueue(desk.id + "?consumer.prefetchSize=1"));
      send(desk.auto(), desk.queue(), "a", "b");
      texts(desk.auto().createConsumer(desk.queue()), "b");
      texts(small, "a");
    });
    list.check("synchronous dispatch", desk -> {
      Session session = desk.auto("jms.dispatchAsync=false");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      send(session, desk.queue(), numbers(20));
      texts(consumer, numbers(20));
    });
    list.check("optimised acknowledgement", desk -> {
      Session session = desk.auto("jms.optimizeAcknowledge=true");
      send(session, desk.queue(), numbers(100));
      MessageConsumer consumer = session.createConsumer(desk.queue());
      texts(consumer, numbers(100));
      Desk.connectionOf(session).close();
      Expect.equal(null, desk.auto(PULL).createConsumer(desk.queue()).receiveNoWait());
    });
    list.check("producer window: sends without waiting, and is slowed", desk -> {
      Session session = desk.auto("jms.producerWindowSize=2048");
      send(session, desk.queue(), numbers(200));
      texts(session.createConsumer(desk.queue()), numbers(200));
    });
    list.check("asynchronous sends arrive in order", desk -> {
      Session session = desk.auto("jms.useAsyncSend=true");
      send(session, desk.queue(), numbers(300));
      texts(session.createConsumer(desk.queue()), numbers(300));
    });
  }
}
