package conformance;

import static conformance.Desk.nothing;
import static conformance.Desk.take;
import static conformance.Desk.text;

import javax.jms.BytesMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.Topic;
import org.apache.activemq.command.ActiveMQTopic;

/** Topics that keep the last message that was sent to be kept, and the consumers that begin with it. */
final class RetroactiveChecks {
  private static final String KEEP = "ActiveMQ.Retain";
  private static final String KEPT = "ActiveMQ.Retained";

  private static void publish(Desk desk, String text, boolean keep, String... parts) throws Exception {
    Session session = desk.auto();
    TextMessage message = session.createTextMessage(text);
    message.setStringProperty("colour", text);
    if (keep) message.setBooleanProperty(KEEP, true);
    session.createProducer(desk.topic(parts)).send(message);
  }

  private static Topic retroactive(Desk desk, String... parts) {
    return new ActiveMQTopic(desk.name(parts) + "?consumer.retroactive=true");
  }

  static void addTo(Checklist list) {
    list.group("retroactive");
    list.check("a consumer begins with the message that its topic kept", desk -> {
      publish(desk, "kept", true);
      publish(desk, "not kept", false);
      MessageConsumer consumer = desk.auto().createConsumer(retroactive(desk));
      Message message = take(consumer);
      Expect.equal("kept", ((TextMessage) message).getText());
      Expect.that(message.getBooleanProperty(KEPT), "it says so");
      Expect.that(!message.propertyExists(KEEP), "the wish is done with");
      nothing(consumer);
    });
    list.check("others begin with nothing", desk -> {
      publish(desk, "kept", true);
      nothing(desk.auto().createConsumer(desk.topic()));
    });
    list.check("who is there already gets it as any message", desk -> {
      MessageConsumer consumer = desk.auto().createConsumer(retroactive(desk));
      publish(desk, "kept", true);
      Message message = take(consumer);
      Expect.that(!message.propertyExists(KEPT), "it was not kept for this one");
      Expect.that(!message.propertyExists(KEEP), "the wish is done with");
      nothing(consumer);
    });
    list.check("the last one takes the place of the one before", desk -> {
      publish(desk, "1", true);
      publish(desk, "2", true);
      MessageConsumer consumer = desk.auto().createConsumer(retroactive(desk));
      Expect.equal("2", text(consumer));
      nothing(consumer);
    });
    list.check("one without a body takes it away", desk -> {
      publish(desk, "kept", true);
      Session session = desk.auto();
      BytesMessage empty = session.createBytesMessage();
      empty.setBooleanProperty(KEEP, true);
      empty.writeBytes(new byte[0]);
      session.createProducer(desk.topic()).send(empty);
      nothing(desk.auto().createConsumer(retroactive(desk)));
    });
    list.check("each topic of a pattern has its own", desk -> {
      publish(desk, "a", true, "a");
      publish(desk, "b", true, "b");
      MessageConsumer consumer = desk.auto().createConsumer(retroactive(desk, ">"));
      String both = text(consumer) + text(consumer);
      Expect.that(both.equals("ab") || both.equals("ba"), "one of each, and not " + both);
      nothing(consumer);
    });
    list.check("a selector is asked", desk -> {
      publish(desk, "red", true);
      nothing(desk.auto().createConsumer(retroactive(desk), "colour = 'blue'"));
      Expect.equal("red", text(desk.auto().createConsumer(retroactive(desk), "colour = 'red'")));
    });
    list.check("no-local is heeded", desk -> {
      Session session = desk.auto();
      TextMessage message = session.createTextMessage("own");
      message.setBooleanProperty(KEEP, true);
      session.createProducer(desk.topic()).send(message);
      nothing(session.createConsumer(retroactive(desk), null, true));
      Expect.equal("own", text(session.createConsumer(retroactive(desk), null, false)));
    });
    list.check("what a transaction sends is kept from its commit on", desk -> {
      Session session = desk.transacted();
      TextMessage message = session.createTextMessage("kept");
      message.setBooleanProperty(KEEP, true);
      MessageProducer producer = session.createProducer(desk.topic());
      producer.send(message);
      nothing(desk.auto().createConsumer(retroactive(desk)));
      session.commit();
      Expect.equal("kept", text(desk.auto().createConsumer(retroactive(desk))));
    });
    list.check("a durable subscription begins with it", desk -> {
      publish(desk, "kept", true);
      Session session = desk.connectAs(desk.id).createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageConsumer consumer = session.createDurableSubscriber(retroactive(desk), "s");
      Message message = take(consumer);
      Expect.that(message.getBooleanProperty(KEPT), "it says so");
      nothing(consumer);
    });
    list.check("over STOMP", desk -> {
      Stomp stomp = desk.stomp();
      stomp.send("/topic/" + desk.id, "kept", KEEP + ":true");
      stomp.write("SUBSCRIBE", "", "id:s", "destination:/topic/" + desk.id, "activemq.retroactive:true");
      Stomp.Frame message = stomp.message();
      Expect.equal("kept", message.body());
      Expect.equal("true", message.header(KEPT));
      Expect.equal(null, message.header(KEEP));
    });
  }
}
