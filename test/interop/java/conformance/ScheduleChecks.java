package conformance;

import static conformance.Desk.numbers;
import static conformance.Desk.take;
import static conformance.Desk.text;

import javax.jms.Destination;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.ScheduledMessage;

/** Scheduled and repeated delivery. */
final class ScheduleChecks {
  private static TextMessage delayed(Session session, String text, long delayMs) throws Exception {
    TextMessage message = session.createTextMessage(text);
    message.setLongProperty(ScheduledMessage.AMQ_SCHEDULED_DELAY, delayMs);
    return message;
  }

  private static void send(Session session, Destination destination, Message message) throws Exception {
    session.createProducer(destination).send(message);
  }

  static void addTo(Checklist list) {
    list.group("schedule");
    delays(list);
    repeats(list);
  }

  private static void delays(Checklist list) {
    list.check("a delayed message comes when its time has come", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      long from = System.nanoTime();
      send(session, desk.queue(), delayed(session, "late", 1_500));
      send(session, desk.queue(), session.createTextMessage("now"));
      Desk.texts(consumer, "now", "late");
      Expect.that(System.nanoTime() - from > 1_000_000_000L, "it was late");
    });
    list.check("a shorter delay overtakes a longer one", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      send(session, desk.queue(), delayed(session, "long", 3_500));
      send(session, desk.queue(), delayed(session, "short", 1_000));
      Desk.texts(consumer, "short", "long");
    });
    list.check("a delayed message to a topic reaches who subscribes in time", desk -> {
      Session session = desk.auto();
      send(session, desk.topic(), delayed(session, "late", 1_500));
      Desk.texts(session.createConsumer(desk.topic()), "late");
    });
    list.check("properties and body are kept, a job id is added", desk -> {
      Session session = desk.auto();
      TextMessage message = delayed(session, "é", 500);
      message.setIntProperty("kept", 7);
      message.setJMSCorrelationID("correlation");
      send(session, desk.queue(), message);
      Message received = take(session.createConsumer(desk.queue()));
      Expect.equal("é", ((TextMessage) received).getText());
      Expect.equal(7, received.getIntProperty("kept"));
      Expect.equal("correlation", received.getJMSCorrelationID());
      Expect.that(received.getStringProperty(ScheduledMessage.AMQ_SCHEDULED_ID) != null, "there is a job id");
    });
    list.check("in a transaction: not scheduled before the commit", desk -> {
      Session session = desk.transacted();
      MessageConsumer consumer = desk.auto().createConsumer(desk.queue());
      send(session, desk.queue(), delayed(session, "gone", 300));
      session.rollback();
      send(session, desk.queue(), delayed(session, "kept", 300));
      session.commit();
      Desk.texts(consumer, "kept");
      Desk.nothing(consumer);
    });
    list.check("waits for nobody: a consumer that comes later gets it", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), delayed(session, "a", 300));
      Thread.sleep(1_500);
      Desk.texts(session.createConsumer(desk.queue()), "a");
    });
    list.check("not seen by a browser before its time", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), delayed(session, "a", 600_000));
      Expect.equal(0, Desk.browse(session, desk.queue()).size());
    });
  }

  private static void repeats(Checklist list) {
    list.check("a repeated message comes once and then so many times more", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      TextMessage message = delayed(session, "a", 300);
      message.setLongProperty(ScheduledMessage.AMQ_SCHEDULED_PERIOD, 300);
      message.setIntProperty(ScheduledMessage.AMQ_SCHEDULED_REPEAT, 2);
      send(session, desk.queue(), message);
      for (String ignored : numbers(3)) Expect.equal("a", text(consumer));
      Expect.equal(null, consumer.receive(1_500));
    });
    list.check("each repetition is a message of its own", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      TextMessage message = delayed(session, "a", 100);
      message.setLongProperty(ScheduledMessage.AMQ_SCHEDULED_PERIOD, 200);
      message.setIntProperty(ScheduledMessage.AMQ_SCHEDULED_REPEAT, 1);
      send(session, desk.queue(), message);
      String first = take(consumer).getJMSMessageID();
      Expect.that(!take(consumer).getJMSMessageID().equals(first), "another id");
    });
    list.check("a cron entry is not delivered at once", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      TextMessage message = session.createTextMessage("never");
      message.setStringProperty(ScheduledMessage.AMQ_SCHEDULED_CRON, "0 0 1 1 *");
      send(session, desk.queue(), message);
      Desk.nothing(consumer);
    });
    list.slowCheck("a cron entry of every minute comes within it", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      TextMessage message = session.createTextMessage("minute");
      message.setStringProperty(ScheduledMessage.AMQ_SCHEDULED_CRON, "* * * * *");
      send(session, desk.queue(), message);
      TextMessage received = (TextMessage) consumer.receive(75_000);
      Expect.that(received != null && received.getText().equals("minute"), "it came");
    });
    list.check("a scheduled message can be removed by its management topic", desk -> {
      Session session = desk.auto();
      Destination replies = session.createTemporaryQueue();
      MessageConsumer browsing = session.createConsumer(replies);
      TextMessage message = delayed(session, "doomed", 2_500);
      message.setStringProperty("checkId", desk.id);
      send(session, desk.queue(), message);
      Destination management = session.createTopic(ScheduledMessage.AMQ_SCHEDULER_MANAGEMENT_DESTINATION);
      Message browse = session.createMessage();
      browse.setStringProperty(ScheduledMessage.AMQ_SCHEDULER_ACTION, ScheduledMessage.AMQ_SCHEDULER_ACTION_BROWSE);
      browse.setJMSReplyTo(replies);
      send(session, management, browse);
      String job = null;
      while (job == null) {
        Message listed = take(browsing);
        if (desk.id.equals(listed.getStringProperty("checkId")))
          job = listed.getStringProperty(ScheduledMessage.AMQ_SCHEDULED_ID);
      }
      Message remove = session.createMessage();
      remove.setStringProperty(ScheduledMessage.AMQ_SCHEDULER_ACTION, ScheduledMessage.AMQ_SCHEDULER_ACTION_REMOVE);
      remove.setStringProperty(ScheduledMessage.AMQ_SCHEDULED_ID, job);
      send(session, management, remove);
      Expect.equal(null, session.createConsumer(desk.queue()).receive(4_000));
    });
  }
}
