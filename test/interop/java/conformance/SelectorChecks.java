package conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.jms.DeliveryMode;
import javax.jms.InvalidSelectorException;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;

/** The whole of the selector language: each one picks some of the same eight messages. */
final class SelectorChecks {
  /** Messages `1` to `8`; what each has is to be read here. */
  private static void sendAll(Desk desk, Session session) throws Exception {
    MessageProducer producer = session.createProducer(desk.queue());
    for (int number = 1; number <= 8; number += 1) {
      TextMessage message = session.createTextMessage(String.valueOf(number));
      message.setIntProperty("n", number);
      message.setDoubleProperty("half", number / 2.0);
      message.setStringProperty("name", new String[] {"ann", "bob", "a_b", "a%b", "it's", "", "Ann", "bobby"}[number - 1]);
      message.setBooleanProperty("even", number % 2 == 0);
      if (number > 4) message.setStringProperty("colour", number == 8 ? "blue" : "red");
      message.setJMSType(number < 3 ? "small" : "big");
      message.setJMSCorrelationID("c" + number);
      message.setStringProperty("digits", String.valueOf(number));
      producer.send(message, number < 5 ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT, number, 0);
    }
    producer.close();
  }

  private static void selects(Checklist list, String selector, String expected) {
    list.check(selector, desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue(), selector);
      MessageConsumer all = session.createConsumer(desk.queue(), "n = 99");
      sendAll(desk, session);
      List<String> got = new ArrayList<>();
      for (int index = 0; index < expected.length(); index += 1) got.add(Desk.text(consumer));
      // Priorities differ, and a broker may go by them.
      got.sort(null);
      Expect.equal(expected, String.join("", got));
      all.close();
      consumer.close();
      Expect.equal(8 - expected.length(), Desk.browse(session, desk.queue()).size());
    });
  }

  private static void refuses(Checklist list, String selector) {
    list.check("refuses " + selector, desk -> {
      Session session = desk.auto();
      Expect.fails(InvalidSelectorException.class, () -> session.createConsumer(desk.queue(), selector));
      Desk.send(session, desk.queue(), "the connection goes on");
      Desk.texts(session.createConsumer(desk.queue()), "the connection goes on");
    });
  }

  static void addTo(Checklist list) {
    list.group("selector");
    comparisons(list);
    texts(list);
    logic(list);
    headers(list);
    for (String wrong : new String[] {"n =", "n = = 1", "(n = 1", "n LIKE", "name = 'open", "AND n = 1", "n IN ()", "n BETWEEN 1", "name > 'ann'"})
      refuses(list, wrong);
    uses(list);
  }

  private static void comparisons(Checklist list) {
    selects(list, "n = 3", "3");
    selects(list, "n <> 3", "1245678");
    selects(list, "n > 6", "78");
    selects(list, "n <= 2 OR n >= 8", "128");
    selects(list, "half = 1.5", "3");
    selects(list, "n = 3.0", "3");
    selects(list, "n BETWEEN 2 AND 4", "234");
    selects(list, "n NOT BETWEEN 2 AND 7", "18");
    selects(list, "n + 1 = 3", "2");
    selects(list, "n * 2 - 1 = 5", "3");
    selects(list, "n / 2 = 4", "8");
    selects(list, "2 + 3 * 2 = n", "8");
    selects(list, "-n = -4", "4");
    selects(list, "n = 0.3e1", "3");
    selects(list, "n = 0x08", "8");
    selects(list, "n > half AND half < 2", "123");
  }

  private static void texts(Checklist list) {
    selects(list, "name = 'ann'", "1");
    selects(list, "name <> 'ann'", "2345678");
    selects(list, "name = 'it''s'", "5");
    selects(list, "name = ''", "6");
    selects(list, "name LIKE 'bob%'", "28");
    selects(list, "name LIKE 'a_b'", "34");
    selects(list, "name LIKE 'a\\_b' ESCAPE '\\'", "3");
    selects(list, "name LIKE 'a\\%b' ESCAPE '\\'", "4");
    selects(list, "name NOT LIKE '%b%'", "1567");
    selects(list, "name IN ('ann', 'bob')", "12");
    selects(list, "name NOT IN ('ann', 'bob')", "345678");
    selects(list, "digits = 3", "");
  }

  private static void logic(Checklist list) {
    selects(list, "even = TRUE", "2468");
    selects(list, "even", "2468");
    selects(list, "NOT even", "1357");
    selects(list, "even AND n > 4", "68");
    selects(list, "n = 1 OR n = 2 AND even", "12");
    selects(list, "(n = 1 OR n = 2) AND even", "2");
    selects(list, "colour IS NULL", "1234");
    selects(list, "colour IS NOT NULL", "5678");
    selects(list, "colour = 'red'", "567");
    selects(list, "colour <> 'red'", "8");
    selects(list, "NOT (colour = 'red')", "8");
    selects(list, "colour = 'red' OR n = 1", "1567");
    selects(list, "missing = missing", "");
    selects(list, "N = 3", "");
    selects(list, "n between 2 and 3 or NAME is not null", "23");
  }

  private static void headers(Checklist list) {
    selects(list, "JMSPriority > 6", "78");
    selects(list, "JMSType = 'small'", "12");
    selects(list, "JMSCorrelationID IN ('c1', 'c8')", "18");
    selects(list, "JMSDeliveryMode = 'PERSISTENT'", "1234");
    selects(list, "JMSDeliveryMode = 'NON_PERSISTENT'", "5678");
    selects(list, "JMSTimestamp > 1000", "12345678");
    selects(list, "JMSMessageID LIKE 'ID:%'", "12345678");
    selects(list, "JMSRedelivered = FALSE", "12345678");
  }

  private static void uses(Checklist list) {
    list.check("two consumers with two selectors", desk -> {
      Session session = desk.auto();
      MessageConsumer small = session.createConsumer(desk.queue(), "n < 5");
      MessageConsumer big = desk.auto().createConsumer(desk.queue(), "n >= 5");
      sendAll(desk, session);
      Set<String> got = new TreeSet<>();
      for (int index = 0; index < 4; index += 1) got.add("small " + Desk.text(small));
      for (int index = 0; index < 4; index += 1) got.add("big " + Desk.text(big));
      Expect.equal("[big 5, big 6, big 7, big 8, small 1, small 2, small 3, small 4]", got.toString());
    });
    list.check("on a topic", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.topic(), "n = 2");
      for (int number = 1; number < 4; number += 1) {
        TextMessage message = session.createTextMessage(String.valueOf(number));
        message.setIntProperty("n", number);
        session.createProducer(desk.topic()).send(message);
      }
      Desk.texts(consumer, "2");
      Desk.nothing(consumer);
    });
    list.check("as an option of the destination", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(
          new org.apache.activemq.command.ActiveMQQueue(desk.id + "?consumer.selector=n%3D5"));
      sendAll(desk, session);
      Desk.texts(consumer, "5");
    });
    list.check("of a thousand conditions", desk -> {
      StringBuilder selector = new StringBuilder("n = 0");
      for (int number = 100; number < 1_100; number += 1) selector.append(" OR n = ").append(number);
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue(), selector + " OR n = 7");
      sendAll(desk, session);
      Desk.texts(consumer, "7");
    });
  }
}
