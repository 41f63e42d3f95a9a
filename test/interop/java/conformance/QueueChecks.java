package conformance;

import static conformance.Desk.browse;
import static conformance.Desk.nothing;
import static conformance.Desk.numbers;
import static conformance.Desk.send;
import static conformance.Desk.take;
import static conformance.Desk.text;
import static conformance.Desk.texts;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.jms.DeliveryMode;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import org.apache.activemq.command.ActiveMQQueue;

/** Order, sharing, browsers, exclusive consumers, consumer priority. */
final class QueueChecks {
  static void addTo(Checklist list) {
    list.group("queue");
    sharing(list);
    list.group("browser");
    browsers(list);
    list.group("consumer");
    preferred(list);
  }

  private static void sharing(Checklist list) {
    list.check("keeps the order of one producer", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), numbers(500));
      texts(session.createConsumer(desk.queue()), numbers(500));
    });
    list.check("keeps what nobody took until somebody comes", desk -> {
      Session first = desk.auto();
      send(first, desk.queue(), "a", "b");
      Desk.connectionOf(first).close();
      texts(desk.auto().createConsumer(desk.queue()), "a", "b");
    });
    list.check("two consumers share it, each message goes to one", desk -> {
      Session session = desk.auto("jms.prefetchPolicy.all=1");
      MessageConsumer one = session.createConsumer(desk.queue());
      MessageConsumer two = desk.auto("jms.prefetchPolicy.all=1").createConsumer(desk.queue());
      send(desk.auto(), desk.queue(), numbers(40));
      Set<String> got = new TreeSet<>();
      Desk.eventually("each came once", () -> {
        for (MessageConsumer consumer : List.of(one, two)) {
          javax.jms.Message message = consumer.receive(50);
          if (message != null) Expect.that(got.add(((javax.jms.TextMessage) message).getText()), "it came once");
        }
        return got.size() == 40;
      });
    });
    list.check("with large prefetch two consumers get half each", desk -> {
      MessageConsumer one = desk.auto().createConsumer(desk.queue());
      MessageConsumer two = desk.auto().createConsumer(desk.queue());
      send(desk.auto(), desk.queue(), numbers(40));
      for (int round = 0; round < 20; round += 1) {
        take(one);
        take(two);
      }
      nothing(one);
      nothing(two);
    });
    list.check("eight producers: each one's order is kept", desk -> {
      List<Thread> threads = new ArrayList<>();
      for (int number = 0; number < 8; number += 1) {
        Session session = desk.auto();
        String name = "p" + number + "-";
        threads.add(new Thread(() -> {
          try {
            MessageProducer producer = session.createProducer(desk.queue());
            for (int index = 100; index < 150; index += 1) producer.send(session.createTextMessage(name + index));
          } catch (Exception failure) {
            throw new IllegalStateException(failure);
          }
        }));
      }
      for (Thread thread : threads) thread.start();
      MessageConsumer consumer = desk.auto().createConsumer(desk.queue());
      List<String> got = new ArrayList<>();
      for (int index = 0; index < 400; index += 1) got.add(text(consumer));
      for (int number = 0; number < 8; number += 1) {
        String name = "p" + number + "-";
        List<String> own = got.stream().filter(text -> text.startsWith(name)).toList();
        List<String> sorted = new ArrayList<>(own);
        Collections.sort(sorted);
        Expect.equal(sorted, own);
        Expect.equal(50, own.size());
      }
    });
    list.check("higher priority goes first among those that wait", desk -> {
      Session session = desk.auto();
      Queue queue = new ActiveMQQueue("prioritised." + desk.id);
      MessageProducer producer = session.createProducer(queue);
      for (int priority : new int[] {4, 9, 0, 5, 9})
        producer.send(session.createTextMessage("p" + priority), DeliveryMode.PERSISTENT, priority, 0);
      texts(session.createConsumer(queue), "p9", "p9", "p5", "p4", "p0");
    });
    list.check("a consumer that leaves hands its unread messages to the next, in order", desk -> {
      Session first = desk.auto();
      send(first, desk.queue(), numbers(30));
      MessageConsumer consumer = first.createConsumer(desk.queue());
      texts(consumer, "1", "2", "3");
      consumer.close();
      MessageConsumer next = desk.auto().createConsumer(desk.queue());
      for (int number = 4; number <= 30; number += 1) Expect.equal(String.valueOf(number), text(next));
    });
    list.check("a stopped connection delivers nothing until it is started", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      Desk.connectionOf(session).stop();
      send(desk.auto(), desk.queue(), "a");
      Expect.equal(null, consumer.receive(200));
      Desk.connectionOf(session).start();
      texts(consumer, "a");
    });
    list.check("a name with spaces and letters beyond ASCII", desk -> {
      Session session = desk.auto();
      Queue queue = new ActiveMQQueue(desk.id + " é/ü:x");
      send(session, queue, "a");
      texts(session.createConsumer(queue), "a");
    });
    list.check("names tell upper and lower case apart", desk -> {
      Session session = desk.auto();
      send(session, desk.queue("A"), "upper");
      send(session, desk.queue("a"), "lower");
      texts(session.createConsumer(desk.queue("a")), "lower");
      texts(session.createConsumer(desk.queue("A")), "upper");
    });
    list.check("queue and topic of one name are two", desk -> {
      Session session = desk.auto();
      MessageConsumer onTopic = session.createConsumer(desk.topic());
      send(session, desk.queue(), "q");
      nothing(onTopic);
      texts(session.createConsumer(desk.queue()), "q");
    });
  }

  private static void browsers(Checklist list) {
    list.check("shows everything in order and takes nothing", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), numbers(50));
      Expect.equal(List.of(numbers(50)), browse(session, desk.queue()));
      texts(session.createConsumer(desk.queue()), numbers(50));
    });
    list.check("of an empty queue shows nothing, and ends", desk -> {
      Session session = desk.auto();
      Expect.equal(List.of(), browse(session, desk.queue()));
    });
    list.check("with a selector", desk -> {
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(desk.queue());
      for (int number = 0; number < 6; number += 1) {
        javax.jms.TextMessage message = session.createTextMessage("m" + number);
        message.setIntProperty("number", number);
        producer.send(message);
      }
      Expect.equal(List.of("m4", "m5"), browse(session, desk.queue(), "number > 3"));
    });
    list.check("shows more than fit its prefetch", desk -> {
      Session session = desk.auto("jms.prefetchPolicy.queueBrowserPrefetch=10");
      send(session, desk.queue(), numbers(150));
      Expect.equal(150, browse(session, desk.queue()).size());
    });
    list.check("shows what a consumer holds and has not acknowledged", desk -> {
      Session holding = desk.session(Session.CLIENT_ACKNOWLEDGE);
      send(holding, desk.queue(), "a", "b");
      MessageConsumer consumer = holding.createConsumer(desk.queue());
      take(consumer);
      Expect.equal(List.of("a", "b"), browse(desk.auto(), desk.queue()));
    });
    list.check("may be enumerated twice", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), "a");
      QueueBrowser browser = session.createBrowser(desk.queue());
      for (int round = 0; round < 2; round += 1) {
        int count = 0;
        for (java.util.Enumeration<?> each = browser.getEnumeration(); each.hasMoreElements(); each.nextElement()) count += 1;
        Expect.equal(1, count);
      }
      browser.close();
    });
  }

  private static void preferred(Checklist list) {
    list.check("exclusive: only the first gets messages, then the next", desk -> {
      Queue queue = new ActiveMQQueue(desk.id + "?consumer.exclusive=true");
      Session one = desk.auto();
      MessageConsumer first = one.createConsumer(queue);
      MessageConsumer second = desk.auto().createConsumer(queue);
      send(desk.auto(), desk.queue(), numbers(10));
      texts(first, numbers(10));
      nothing(second);
      first.close();
      send(desk.auto(), desk.queue(), "x", "y");
      texts(second, "x", "y");
    });
    list.check("an exclusive one comes before others that were there earlier", desk -> {
      MessageConsumer plain = desk.auto().createConsumer(desk.queue());
      MessageConsumer exclusive =
          desk.auto().createConsumer(new ActiveMQQueue(desk.id + "?consumer.exclusive=true"));
      send(desk.auto(), desk.queue(), numbers(10));
      texts(exclusive, numbers(10));
      nothing(plain);
    });
    list.check("priority: the higher one gets all that it can take", desk -> {
      MessageConsumer low = desk.auto().createConsumer(desk.queue());
      MessageConsumer high = desk.auto().createConsumer(new ActiveMQQueue(desk.id + "?consumer.priority=10"));
      send(desk.auto(), desk.queue(), numbers(10));
      texts(high, numbers(10));
      nothing(low);
    });
    list.check("priority: when the higher one is full, the lower one gets the rest", desk -> {
      MessageConsumer low = desk.auto().createConsumer(desk.queue());
      desk.auto().createConsumer(new ActiveMQQueue(desk.id + "?consumer.priority=10&consumer.prefetchSize=2"));
      send(desk.auto(), desk.queue(), numbers(4));
      texts(low, "3", "4");
    });
    list.check("no-local on a queue leaves the connection's own messages to others", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue(), null, true);
      send(session, desk.queue(), "own");
      send(desk.auto(), desk.queue(), "other");
      texts(consumer, "other");
      texts(desk.auto().createConsumer(desk.queue()), "own");
    });
    list.check("a listener gets messages in order", desk -> {
      Session session = desk.auto();
      List<String> got = Collections.synchronizedList(new ArrayList<>());
      session.createConsumer(desk.queue()).setMessageListener(message -> {
        try {
          got.add(((javax.jms.TextMessage) message).getText());
        } catch (javax.jms.JMSException failure) {
          got.add(failure.toString());
        }
      });
      send(desk.auto(), desk.queue(), numbers(100));
      Desk.eventually("100 messages", () -> got.size() == 100);
      Expect.equal(List.of(numbers(100)), got);
    });
  }
}
