package conformance;

import static conformance.Desk.nothing;
import static conformance.Desk.numbers;
import static conformance.Desk.send;
import static conformance.Desk.texts;

import javax.jms.MessageConsumer;
import javax.jms.Session;
import javax.jms.Topic;
import org.apache.activemq.command.ActiveMQTopic;

/** Topics, wildcards, composite destinations, virtual topics. */
final class TopicChecks {
  static void addTo(Checklist list) {
    list.group("topic");
    topics(list);
    list.group("virtual topic");
    virtual(list);
  }

  private static void topics(Checklist list) {
    list.check("every subscriber gets every message", desk -> {
      MessageConsumer one = desk.auto().createConsumer(desk.topic());
      MessageConsumer two = desk.auto().createConsumer(desk.topic());
      send(desk.auto(), desk.topic(), numbers(50));
      texts(one, numbers(50));
      texts(two, numbers(50));
    });
    list.check("who comes later gets what is sent later", desk -> {
      Session session = desk.auto();
      send(session, desk.topic(), "before");
      MessageConsumer late = session.createConsumer(desk.topic());
      send(session, desk.topic(), "after");
      texts(late, "after");
    });
    list.check("two subscribers of one session", desk -> {
      Session session = desk.auto();
      MessageConsumer one = session.createConsumer(desk.topic());
      MessageConsumer two = session.createConsumer(desk.topic());
      send(session, desk.topic(), "a");
      texts(one, "a");
      texts(two, "a");
    });
    list.check("no-local hides the connection's own messages", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.topic(), null, true);
      send(session, desk.topic(), "own");
      send(desk.auto(), desk.topic(), "other");
      texts(consumer, "other");
      nothing(consumer);
    });
    list.check("a retroactive subscriber is served, from now on by default", desk -> {
      Session session = desk.auto();
      Topic topic = new ActiveMQTopic(desk.id + "?consumer.retroactive=true");
      MessageConsumer consumer = session.createConsumer(topic);
      send(session, desk.topic(), "a");
      texts(consumer, "a");
    });
    list.check("wildcard * stands for one part of the name", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.topic("*", "x"));
      send(session, desk.topic("a", "x"), "1");
      send(session, desk.topic("a", "b", "x"), "too deep");
      send(session, desk.topic("b", "y"), "other end");
      send(session, desk.topic("b", "x"), "2");
      texts(consumer, "1", "2");
      nothing(consumer);
    });
    list.check("wildcard > stands for all that follows, and for nothing", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.topic("a", ">"));
      send(session, desk.topic("a", "b"), "1");
      send(session, desk.topic("a", "b", "c"), "2");
      send(session, desk.topic("a"), "3");
      send(session, desk.topic("b"), "other");
      texts(consumer, "1", "2", "3");
      nothing(consumer);
    });
    list.check("a message tells its own destination to a wildcard subscriber", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.topic(">"));
      send(session, desk.topic("a"), "1");
      Expect.equal(desk.topic("a"), Desk.take(consumer).getJMSDestination());
    });
    list.check("a slow subscriber holds up nobody", desk -> {
      desk.auto("jms.prefetchPolicy.all=1").createConsumer(desk.topic());
      MessageConsumer quick = desk.auto().createConsumer(desk.topic());
      send(desk.auto(), desk.topic(), numbers(200));
      texts(quick, numbers(200));
    });
    list.check("a transacted subscriber gets a rolled back message again", desk -> {
      Session session = desk.transacted("jms.redeliveryPolicy.initialRedeliveryDelay=0");
      MessageConsumer consumer = session.createConsumer(desk.topic());
      send(desk.auto(), desk.topic(), "a");
      texts(consumer, "a");
      session.rollback();
      texts(consumer, "a");
      session.commit();
    });
  }

  private static void virtual(Checklist list) {
    list.check("each name of consumers has a queue of its own", desk -> {
      Session session = desk.auto();
      String name = "VirtualTopic." + desk.id;
      MessageConsumer a = session.createConsumer(session.createQueue("Consumer.A." + name));
      MessageConsumer b = session.createConsumer(session.createQueue("Consumer.B." + name));
      send(session, session.createTopic(name), numbers(10));
      texts(a, numbers(10));
      texts(b, numbers(10));
    });
    list.check("consumers of one name share", desk -> {
      Session session = desk.auto();
      String name = "VirtualTopic." + desk.id;
      MessageConsumer one = session.createConsumer(session.createQueue("Consumer.A." + name));
      MessageConsumer two = desk.auto().createConsumer(session.createQueue("Consumer.A." + name));
      send(session, session.createTopic(name), numbers(10));
      for (int round = 0; round < 5; round += 1) {
        Desk.take(one);
        Desk.take(two);
      }
      nothing(one);
    });
    list.check("the queue keeps messages while its consumers are away", desk -> {
      Session session = desk.auto();
      String name = "VirtualTopic." + desk.id;
      session.createConsumer(session.createQueue("Consumer.A." + name)).close();
      send(session, session.createTopic(name), "a", "b");
      texts(session.createConsumer(session.createQueue("Consumer.A." + name)), "a", "b");
    });
    list.check("plain subscribers of the topic get the messages too", desk -> {
      Session session = desk.auto();
      String name = "VirtualTopic." + desk.id;
      MessageConsumer queue = session.createConsumer(session.createQueue("Consumer.A." + name));
      MessageConsumer topic = session.createConsumer(session.createTopic(name));
      send(session, session.createTopic(name), "a");
      texts(queue, "a");
      texts(topic, "a");
    });
    list.check("a consumer queue with a wildcard", desk -> {
      Session session = desk.auto();
      String name = "VirtualTopic." + desk.id;
      MessageConsumer consumer = session.createConsumer(session.createQueue("Consumer.A." + name + ".>"));
      send(session, session.createTopic(name + ".x"), "a");
      texts(consumer, "a");
    });
    list.check("in a transaction", desk -> {
      Session session = desk.transacted();
      String name = "VirtualTopic." + desk.id;
      MessageConsumer consumer = desk.auto().createConsumer(session.createQueue("Consumer.A." + name));
      send(session, session.createTopic(name), "a", "b");
      nothing(consumer);
      session.commit();
      texts(consumer, "a", "b");
    });
  }
}
