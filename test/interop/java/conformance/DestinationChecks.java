package conformance;

import static conformance.Desk.nothing;
import static conformance.Desk.numbers;
import static conformance.Desk.send;
import static conformance.Desk.text;
import static conformance.Desk.texts;

import java.util.Set;
import java.util.TreeSet;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Queue;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;

/** Composite destinations, wildcards on queues, removal. */
final class DestinationChecks {
  static void addTo(Checklist list) {
    list.group("composite");
    composite(list);
    list.group("wildcard queue");
    wildcards(list);
    list.group("destination");
    administration(list);
  }

  private static void composite(Checklist list) {
    list.check("a send goes to each queue", desk -> {
      Session session = desk.auto();
      send(session, new ActiveMQQueue(desk.name("a") + "," + desk.name("b")), "1");
      texts(session.createConsumer(desk.queue("a")), "1");
      texts(session.createConsumer(desk.queue("b")), "1");
    });
    list.check("a send goes to a queue and a topic", desk -> {
      Session session = desk.auto();
      MessageConsumer topic = session.createConsumer(desk.topic("t"));
      send(session, new ActiveMQQueue(desk.name("q") + ",topic://" + desk.name("t")), "1");
      texts(topic, "1");
      texts(session.createConsumer(desk.queue("q")), "1");
    });
    list.check("a send to topics", desk -> {
      Session session = desk.auto();
      MessageConsumer a = session.createConsumer(desk.topic("a"));
      MessageConsumer b = session.createConsumer(desk.topic("b"));
      send(session, new ActiveMQTopic(desk.name("a") + "," + desk.name("b")), "1");
      texts(a, "1");
      texts(b, "1");
    });
    list.check("a consumer takes from each queue", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer =
          session.createConsumer(new ActiveMQQueue(desk.name("a") + "," + desk.name("b")));
      send(session, desk.queue("a"), "1");
      send(session, desk.queue("b"), "2");
      Set<String> got = new TreeSet<>(Set.of(text(consumer), text(consumer)));
      Expect.equal("[1, 2]", got.toString());
    });
    list.check("in a transaction all or none", desk -> {
      Session session = desk.transacted();
      Session reading = desk.auto(Desk.PULL);
      MessageConsumer a = reading.createConsumer(desk.queue("a"));
      MessageConsumer b = reading.createConsumer(desk.queue("b"));
      ActiveMQQueue both = new ActiveMQQueue(desk.name("a") + "," + desk.name("b"));
      send(session, both, "1");
      session.rollback();
      send(session, both, "2");
      Expect.equal(null, a.receiveNoWait());
      session.commit();
      texts(a, "2");
      texts(b, "2");
    });
    list.check("a receiver sees where its copy was sent to", desk -> {
      Session session = desk.auto();
      send(session, new ActiveMQQueue(desk.name("a") + "," + desk.name("b")), "1");
      Message message = Desk.take(session.createConsumer(desk.queue("a")));
      Expect.equal(desk.queue("a"), message.getJMSDestination());
    });
  }

  private static void wildcards(Checklist list) {
    list.check("takes from queues that are there and from those that come", desk -> {
      Session session = desk.auto();
      send(session, desk.queue("a"), "1");
      MessageConsumer consumer = session.createConsumer(desk.queue(">"));
      texts(consumer, "1");
      send(session, desk.queue("b", "c"), "2");
      texts(consumer, "2");
    });
    list.check("* is one part", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue("*", "x"));
      send(session, desk.queue("a", "x"), "1");
      send(session, desk.queue("a", "y"), "other");
      texts(consumer, "1");
      nothing(consumer);
    });
    list.check("acknowledges and gives back to the right queue", desk -> {
      Session session = desk.session(Session.CLIENT_ACKNOWLEDGE);
      send(session, desk.queue("a"), "1");
      send(session, desk.queue("b"), "2");
      MessageConsumer consumer = session.createConsumer(desk.queue(">"));
      Set<String> got = new TreeSet<>(Set.of(text(consumer), text(consumer)));
      Expect.equal("[1, 2]", got.toString());
      Desk.connectionOf(session).close();
      Session next = desk.auto();
      texts(next.createConsumer(desk.queue("a")), "1");
      texts(next.createConsumer(desk.queue("b")), "2");
    });
  }

  private static void administration(Checklist list) {
    list.check("one can be removed, and be made anew by use", desk -> {
      Session session = desk.auto();
      Queue queue = desk.queue();
      send(session, queue, "old");
      ActiveMQConnection connection = Desk.connectionOf(session);
      connection.destroyDestination((ActiveMQQueue) queue);
      send(session, queue, "new");
      texts(session.createConsumer(queue), "new");
    });
    list.check("one with a consumer cannot be removed", desk -> {
      Session session = desk.auto();
      session.createConsumer(desk.queue());
      ActiveMQConnection connection = Desk.connectionOf(session);
      Expect.fails(
          javax.jms.JMSException.class, () -> connection.destroyDestination((ActiveMQQueue) desk.queue()));
    });
    list.check("options of a destination are no part of its name", desk -> {
      Session session = desk.auto();
      send(session, new ActiveMQQueue(desk.id + "?consumer.prefetchSize=5"), numbers(2));
      texts(session.createConsumer(desk.queue()), numbers(2));
    });
    list.check("a connection lists queues and topics", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), "a");
      session.createConsumer(desk.topic());
      ActiveMQConnection connection = desk.connect();
      org.apache.activemq.advisory.DestinationSource source = connection.getDestinationSource();
      Desk.eventually("the queue is listed", () -> source.getQueues().contains(desk.queue()));
      Desk.eventually("the topic is listed", () -> source.getTopics().contains(desk.topic()));
    });
  }
}
