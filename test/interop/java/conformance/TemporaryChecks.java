package conformance;

import static conformance.Desk.send;
import static conformance.Desk.take;
import static conformance.Desk.texts;

import javax.jms.Destination;
import javax.jms.InvalidDestinationException;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.TemporaryTopic;
import javax.jms.TextMessage;
import org.apache.activemq.DestinationDoesNotExistException;
import org.apache.activemq.command.ActiveMQTempQueue;

/** Temporary destinations; request and reply. */
final class TemporaryChecks {
  /** A session whose client leaves it to the broker to know which temporary destinations there are. */
  private static Session unaware(Desk desk) throws JMSException {
    return desk.auto("jms.watchTopicAdvisories=false");
  }

  private static boolean isTaken(Session session, Destination destination) throws JMSException {
    try {
      send(session, destination, "a");
      return true;
    } catch (InvalidDestinationException | DestinationDoesNotExistException refused) {
      return false;
    }
  }

  static void addTo(Checklist list) {
    list.group("temporary");
    owners(list);
    list.group("request and reply");
    requests(list);
  }

  private static void owners(Checklist list) {
    list.check("queue: another connection sends, the owner receives", desk -> {
      Session session = desk.auto();
      TemporaryQueue queue = session.createTemporaryQueue();
      MessageConsumer consumer = session.createConsumer(queue);
      send(unaware(desk), queue, "a", "b");
      texts(consumer, "a", "b");
    });
    list.check("topic: another connection sends, the owner receives", desk -> {
      Session session = desk.auto();
      TemporaryTopic topic = session.createTemporaryTopic();
      MessageConsumer consumer = session.createConsumer(topic);
      send(unaware(desk), topic, "a");
      texts(consumer, "a");
    });
    list.check("only the owner may consume", desk -> {
      TemporaryQueue queue = desk.auto().createTemporaryQueue();
      Expect.fails(JMSException.class, () -> desk.auto().createConsumer(queue));
    });
    list.check("the broker refuses a foreign consumer as well", desk -> {
      TemporaryQueue queue = desk.auto().createTemporaryQueue();
      Session other = unaware(desk);
      ActiveMQTempQueue same = new ActiveMQTempQueue(queue.getQueueName());
      same.setConnection(Desk.connectionOf(other));
      Expect.fails(JMSException.class, () -> other.createConsumer(same));
    });
    list.check("gone after its connection", desk -> {
      Session session = desk.auto();
      TemporaryQueue queue = session.createTemporaryQueue();
      Session other = unaware(desk);
      send(other, queue, "a");
      Desk.connectionOf(session).close();
      Expect.fails(DestinationDoesNotExistException.class, () -> send(other, queue, "b"));
    });
    list.check("a client that watches advisories knows that it is gone", desk -> {
      Session session = desk.auto();
      TemporaryQueue queue = session.createTemporaryQueue();
      Session other = desk.auto();
      Desk.eventually("it knows of the queue", () -> isTaken(other, queue));
      Desk.connectionOf(session).close();
      Desk.eventually("sends are refused", () -> !isTaken(other, queue));
    });
    list.check("can be deleted, and is gone", desk -> {
      Session session = desk.auto();
      TemporaryQueue queue = session.createTemporaryQueue();
      queue.delete();
      Session other = unaware(desk);
      Expect.fails(DestinationDoesNotExistException.class, () -> send(other, queue, "a"));
    });
    list.check("cannot be deleted while consumed", desk -> {
      Session session = desk.auto();
      TemporaryQueue queue = session.createTemporaryQueue();
      session.createConsumer(queue);
      Expect.fails(JMSException.class, queue::delete);
    });
    list.check("lives as long as the connection, not the session", desk -> {
      Session session = desk.auto();
      TemporaryQueue queue = session.createTemporaryQueue();
      session.close();
      Session next = Desk.connectionOf(session).createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageConsumer consumer = next.createConsumer(queue);
      send(unaware(desk), queue, "a");
      texts(consumer, "a");
    });
    list.check("a hundred of one connection", desk -> {
      Session session = desk.auto();
      Session sending = unaware(desk);
      for (int number = 0; number < 100; number += 1) {
        TemporaryQueue queue = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(queue);
        send(sending, queue, "a" + number);
        texts(consumer, "a" + number);
        consumer.close();
        queue.delete();
      }
    });
  }

  /** Answers each request with its text in capitals, until the connection is closed. */
  private static void answer(Desk desk) throws Exception {
    Session session = desk.auto();
    session.createConsumer(desk.queue()).setMessageListener(request -> {
      try {
        TextMessage reply = session.createTextMessage(((TextMessage) request).getText().toUpperCase());
        reply.setJMSCorrelationID(request.getJMSMessageID());
        session.createProducer(request.getJMSReplyTo()).send(reply);
      } catch (JMSException failure) {
        throw new IllegalStateException(failure);
      }
    });
  }

  private static void ask(Desk desk, Session session, Destination replyTo) throws Exception {
    MessageConsumer replies = session.createConsumer(replyTo);
    for (String text : new String[] {"a", "b", "c"}) {
      TextMessage request = session.createTextMessage(text);
      request.setJMSReplyTo(replyTo);
      session.createProducer(desk.queue()).send(request);
      Message reply = take(replies);
      Expect.equal(text.toUpperCase(), ((TextMessage) reply).getText());
      Expect.equal(request.getJMSMessageID(), reply.getJMSCorrelationID());
    }
  }

  private static void requests(Checklist list) {
    list.check("over a temporary queue", desk -> {
      answer(desk);
      Session session = desk.auto();
      ask(desk, session, session.createTemporaryQueue());
    });
    list.check("over a temporary topic", desk -> {
      answer(desk);
      Session session = desk.auto();
      ask(desk, session, session.createTemporaryTopic());
    });
    list.check("over a fixed queue", desk -> {
      answer(desk);
      ask(desk, desk.auto(), desk.queue("replies"));
    });
    list.check("by the client's own requestor", desk -> {
      answer(desk);
      javax.jms.QueueConnection connection = desk.connect();
      javax.jms.QueueSession session = connection.createQueueSession(false, Session.AUTO_ACKNOWLEDGE);
      javax.jms.QueueRequestor requestor = new javax.jms.QueueRequestor(session, desk.queue());
      Expect.equal("HELLO", ((TextMessage) requestor.request(session.createTextMessage("hello"))).getText());
    });
  }
}
