package conformance;

import static conformance.Desk.nothing;
import static conformance.Desk.take;
import static conformance.Desk.text;
import static conformance.Desk.texts;

import java.util.List;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;

/** Message groups. */
final class GroupChecks {
  private static void send(Desk desk, String group, String... texts) throws Exception {
    Session session = desk.auto();
    MessageProducer producer = session.createProducer(desk.queue());
    for (String text : texts) producer.send(message(session, group, text));
    producer.close();
  }

  private static TextMessage message(Session session, String group, String text) throws Exception {
    TextMessage message = session.createTextMessage(text);
    message.setStringProperty("JMSXGroupID", group);
    return message;
  }

  static void addTo(Checklist list) {
    list.group("group");
    list.check("all of one group go to one consumer", desk -> {
      MessageConsumer one = desk.auto().createConsumer(desk.queue());
      MessageConsumer two = desk.auto().createConsumer(desk.queue());
      send(desk, "g", Desk.numbers(10));
      Message first = one.receive(500);
      MessageConsumer owner = first == null ? two : one;
      MessageConsumer other = first == null ? one : two;
      if (first == null) take(two);
      for (int number = 2; number <= 10; number += 1) Expect.equal(String.valueOf(number), text(owner));
      nothing(other);
    });
    list.check("two groups go to two consumers", desk -> {
      MessageConsumer one = desk.auto().createConsumer(desk.queue());
      MessageConsumer two = desk.auto().createConsumer(desk.queue());
      send(desk, "g", "g1");
      send(desk, "h", "h1");
      send(desk, "g", "g2");
      send(desk, "h", "h2");
      String group = text(one).substring(0, 1);
      String other = group.equals("g") ? "h" : "g";
      texts(one, group + "2");
      texts(two, other + "1", other + "2");
    });
    list.check("when the owner leaves, the next one gets the group", desk -> {
      MessageConsumer one = desk.auto().createConsumer(desk.queue());
      send(desk, "g", "a");
      texts(one, "a");
      MessageConsumer two = desk.auto().createConsumer(desk.queue());
      send(desk, "g", "b");
      texts(one, "b");
      one.close();
      send(desk, "g", "c", "d");
      texts(two, "c", "d");
    });
    list.check("sequence -1 closes the group", desk -> {
      Session first = desk.auto();
      MessageConsumer one = first.createConsumer(desk.queue());
      send(desk, "g", "a");
      texts(one, "a");
      MessageConsumer two = desk.auto().createConsumer(desk.queue());
      Session session = desk.auto();
      TextMessage last = message(session, "g", "b");
      last.setIntProperty("JMSXGroupSeq", -1);
      session.createProducer(desk.queue()).send(last);
      texts(one, "b");
      one.close();
      send(desk, "g", "c");
      texts(two, "c");
    });
    list.check("the first message for a consumer says so", desk -> {
      MessageConsumer consumer = desk.auto().createConsumer(desk.queue());
      send(desk, "g", "a", "b");
      Expect.equal(true, take(consumer).getBooleanProperty("JMSXGroupFirstForConsumer"));
      Expect.equal(false, take(consumer).getBooleanProperty("JMSXGroupFirstForConsumer"));
    });
    list.check("messages without a group go to anybody", desk -> {
      MessageConsumer one = desk.auto().createConsumer(desk.queue());
      MessageConsumer two = desk.auto().createConsumer(desk.queue());
      send(desk, "g", "a");
      Desk.send(desk.auto(), desk.queue(), Desk.numbers(10));
      int count = 0;
      for (MessageConsumer consumer : List.of(one, two)) {
        while (consumer.receive(300) != null) count += 1;
      }
      Expect.equal(11, count);
    });
  }
}
