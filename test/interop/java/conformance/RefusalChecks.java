package conformance;

import static conformance.Desk.send;
import static conformance.Desk.texts;

import java.net.ServerSocket;
import javax.jms.Connection;
import javax.jms.InvalidClientIDException;
import javax.jms.InvalidSelectorException;
import javax.jms.JMSException;
import javax.jms.JMSSecurityException;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.DestinationDoesNotExistException;
import org.apache.activemq.command.ActiveMQTempQueue;

/** Errors arrive as the classes that clients catch, and harm nothing else. */
final class RefusalChecks {
  private static void connectAs(Desk desk, String user, String password) throws JMSException {
    Connection connection = new ActiveMQConnectionFactory(user, password, desk.uri()).createConnection();
    try {
      connection.start();
    } finally {
      connection.close();
    }
  }

  static void addTo(Checklist list) {
    list.group("refusal");
    list.check("a wrong password: JMSSecurityException", desk ->
        Expect.fails(JMSSecurityException.class, () -> connectAs(desk, Desk.USER, "wrong")));
    list.check("an unknown user: JMSSecurityException", desk ->
        Expect.fails(JMSSecurityException.class, () -> connectAs(desk, "nobody", "x")));
    list.check("no user: JMSSecurityException", desk ->
        Expect.fails(JMSSecurityException.class, () -> connectAs(desk, null, null)));
    list.check("a client id in use: InvalidClientIDException, and the holder goes on", desk -> {
      ActiveMQConnection holder = desk.connectAs(desk.id);
      Expect.fails(InvalidClientIDException.class, () -> desk.connectAs(desk.id));
      Session session = holder.createSession(false, Session.AUTO_ACKNOWLEDGE);
      send(session, desk.queue(), "a");
      texts(session.createConsumer(desk.queue()), "a");
    });
    list.check("an invalid selector: InvalidSelectorException, also for a browser", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), "a");
      Expect.fails(InvalidSelectorException.class, () -> {
        session.createBrowser(desk.queue(), "n = =").getEnumeration();
      });
    });
    list.check("an invalid selector of a durable subscriber: InvalidSelectorException", desk -> {
      Session session = desk.connectAs(desk.id).createSession(false, Session.AUTO_ACKNOWLEDGE);
      Expect.fails(
          InvalidSelectorException.class,
          () -> session.createDurableSubscriber(desk.topic(), "s", "n = =", false));
    });
    list.check("a temporary queue that never was: DestinationDoesNotExistException", desk -> {
      Session session = desk.auto("jms.watchTopicAdvisories=false");
      ActiveMQTempQueue unknown = new ActiveMQTempQueue("ID:nowhere-1-1-1:1:1");
      Expect.fails(DestinationDoesNotExistException.class, () -> send(session, unknown, "a"));
      send(session, desk.queue(), "goes on");
      texts(session.createConsumer(desk.queue()), "goes on");
    });
    list.check("a commit after a refused send of the transaction fails or sends nothing twice", desk -> {
      Session session = desk.transacted("jms.watchTopicAdvisories=false");
      send(session, desk.queue(), "a");
      session.commit();
      Expect.equal(java.util.List.of("a"), Desk.browse(desk.auto(), desk.queue()));
    });
    list.check("nobody at the port: JMSException caused by ConnectException", desk -> {
      int port;
      try (ServerSocket socket = new ServerSocket(0)) {
        port = socket.getLocalPort();
      }
      JMSException refusal =
          Expect.fails(
              JMSException.class,
              () -> new ActiveMQConnectionFactory("tcp://127.0.0.1:" + port).createConnection().start());
      Expect.that(refusal.getCause() instanceof java.net.ConnectException, "cause " + refusal.getCause());
    });
    list.check("use after close: IllegalStateException", desk -> {
      Session session = desk.auto();
      MessageConsumer consumer = session.createConsumer(desk.queue());
      consumer.close();
      Expect.fails(javax.jms.IllegalStateException.class, consumer::receiveNoWait);
      session.close();
      Expect.fails(javax.jms.IllegalStateException.class, () -> session.createConsumer(desk.queue()));
    });
    list.check("listener of the connection hears that the transport broke", desk -> {
      ActiveMQConnection connection = desk.connect();
      java.util.concurrent.CountDownLatch heard = new java.util.concurrent.CountDownLatch(1);
      connection.setExceptionListener(failure -> heard.countDown());
      connection.getTransport().narrow(java.net.Socket.class).close();
      Expect.that(heard.await(5, java.util.concurrent.TimeUnit.SECONDS), "the listener heard");
    });
  }
}
