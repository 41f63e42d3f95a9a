package conformance;

import static conformance.Desk.numbers;
import static conformance.Desk.send;
import static conformance.Desk.texts;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.BrokerInfo;
import org.apache.activemq.command.ConnectionId;
import org.apache.activemq.command.ConnectionInfo;
import org.apache.activemq.command.KeepAliveInfo;
import org.apache.activemq.command.MessageId;
import org.apache.activemq.command.ProducerId;
import org.apache.activemq.command.ProducerInfo;
import org.apache.activemq.command.SessionId;
import org.apache.activemq.command.SessionInfo;
import org.apache.activemq.command.WireFormatInfo;
import org.apache.activemq.openwire.OpenWireFormat;
import org.apache.activemq.openwire.OpenWireFormatFactory;
import org.apache.activemq.transport.DefaultTransportListener;
import org.apache.activemq.transport.Transport;
import org.apache.activemq.transport.TransportFactory;
import org.apache.activemq.util.ServiceSupport;

/** Wire-format options and versions, keep-alive, what a broker says of itself, duplicates. */
final class WireChecks {
  /** Bodies, properties, a transaction and a selector, over a connection with these options. */
  private static void tour(Desk desk, String... options) throws Exception {
    Session session = desk.transacted(options);
    MessageConsumer consumer = session.createConsumer(desk.queue(), "n > 0");
    javax.jms.MessageProducer producer = session.createProducer(desk.queue());
    for (int number = 1; number <= 10; number += 1) {
      javax.jms.TextMessage message = session.createTextMessage("é".repeat(number));
      message.setIntProperty("n", number);
      message.setJMSReplyTo(desk.queue("reply"));
      producer.send(message);
    }
    session.commit();
    for (int number = 1; number <= 10; number += 1) {
      javax.jms.TextMessage message = (javax.jms.TextMessage) Desk.take(consumer);
      Expect.equal("é".repeat(number), message.getText());
      Expect.equal(number, message.getIntProperty("n"));
      Expect.equal(desk.queue("reply"), message.getJMSReplyTo());
    }
    session.commit();
  }

  static void addTo(Checklist list) {
    list.group("wire");
    for (int version = 1; version <= 12; version += 1) {
      String option = "wireFormat.version=" + version;
      list.check("version " + version, desk -> tour(desk, option));
    }
    formats(list);
    life(list);
    list.group("broker");
    broker(list);
    list.group("duplicate");
    duplicates(list);
  }

  private static void formats(Checklist list) {
    String[][] combinations = {
      {"wireFormat.tightEncodingEnabled=false"},
      {"wireFormat.cacheEnabled=false"},
      {"wireFormat.tightEncodingEnabled=false", "wireFormat.cacheEnabled=false"},
      {"wireFormat.cacheSize=500"},
      {"wireFormat.stackTraceEnabled=false"},
      {"wireFormat.tcpNoDelayEnabled=false"},
      {"wireFormat.maxInactivityDuration=0"},
      {"wireFormat.maxInactivityDuration=2000", "wireFormat.maxInactivityDurationInitalDelay=500"},
      {"wireFormat.version=1", "wireFormat.tightEncodingEnabled=false"},
      {"wireFormat.version=5", "wireFormat.cacheEnabled=false"},
      {"jms.useRetroactiveConsumer=true"},
      {"jms.nestedMapAndListEnabled=false"},
      {"jms.copyMessageOnSend=false"},
      {"jms.alwaysSyncSend=true"},
      {"jms.sendAcksAsync=false"},
      {"socketBufferSize=1024"},
    };
    for (String[] options : combinations) list.check(String.join(" & ", options), desk -> tour(desk, options));
    list.check("a client with nio", desk -> {
      org.apache.activemq.ActiveMQConnectionFactory factory =
          new org.apache.activemq.ActiveMQConnectionFactory(
              Desk.USER, Desk.PASSWORD, desk.uri().replace("tcp:", "nio:"));
      javax.jms.Connection connection = factory.createConnection();
      connection.start();
      Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
      send(session, desk.queue(), numbers(20));
      texts(session.createConsumer(desk.queue()), numbers(20));
      connection.close();
    });
  }

  private static void life(Checklist list) {
    list.check("an idle connection with a short inactivity limit lives on", desk -> {
      Session session = desk.auto("wireFormat.maxInactivityDuration=1000", "wireFormat.maxInactivityDurationInitalDelay=200");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      Thread.sleep(3_000);
      send(session, desk.queue(), "a");
      texts(consumer, "a");
    });
    list.check("forty connections at once", desk -> {
      List<Session> sessions = new ArrayList<>();
      for (int number = 0; number < 40; number += 1) sessions.add(desk.auto());
      for (Session session : sessions) send(session, desk.queue(), "a");
      MessageConsumer consumer = sessions.get(0).createConsumer(desk.queue());
      for (int number = 0; number < 40; number += 1) texts(consumer, "a");
    });
    list.check("forty sessions of one connection", desk -> {
      ActiveMQConnection connection = desk.connect();
      for (int number = 0; number < 40; number += 1) {
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        send(session, desk.queue(String.valueOf(number)), "a");
        texts(session.createConsumer(desk.queue(String.valueOf(number))), "a");
      }
    });
    list.check("sessions, producers and consumers come and go", desk -> {
      ActiveMQConnection connection = desk.connect();
      for (int number = 0; number < 50; number += 1) {
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(desk.queue());
        send(session, desk.queue(), "a" + number);
        texts(consumer, "a" + number);
        session.close();
      }
    });
    list.check("a keep-alive that wants an answer gets one", desk -> {
      OpenWireFormat format = (OpenWireFormat) new OpenWireFormatFactory().createWireFormat();
      URI uri = new URI(desk.uri());
      try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
        socket.setSoTimeout(Desk.PATIENCE_MS);
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        DataInputStream in = new DataInputStream(socket.getInputStream());
        format.marshal(format.getPreferedWireFormatInfo(), out);
        Object command = format.unmarshal(in);
        format.renegotiateWireFormat((WireFormatInfo) command);
        KeepAliveInfo keepAlive = new KeepAliveInfo();
        keepAlive.setResponseRequired(true);
        format.marshal(keepAlive, out);
        while (!(command instanceof KeepAliveInfo)) command = format.unmarshal(in);
      }
    });
  }

  private static void broker(Checklist list) {
    list.check("tells its id and name", desk -> {
      ActiveMQConnection connection = desk.connect();
      Desk.eventually("it tells them", () -> connection.getBrokerInfo() != null);
      Expect.that(connection.getBrokerInfo().getBrokerId() != null, "there is an id");
      Expect.that(!connection.getBrokerInfo().getBrokerName().isEmpty(), "there is a name");
      Expect.equal(connection.getBrokerInfo().getBrokerName(), connection.getBrokerName());
    });
    list.check("metadata name the client, not the broker", desk -> {
      Expect.equal("ActiveMQ", desk.connect().getMetaData().getJMSProviderName());
    });
  }

  /** A connection below the client's: commands by hand. */
  private static final class Raw implements AutoCloseable {
    final Transport transport;
    final CountDownLatch brokerInfo = new CountDownLatch(1);
    final ConnectionId connection;
    final ProducerId producer;

    Raw(Desk desk) throws Exception {
      transport = TransportFactory.connect(new URI(desk.uri()));
      transport.setTransportListener(
          new DefaultTransportListener() {
            @Override
            public void onCommand(Object command) {
              if (command instanceof BrokerInfo) brokerInfo.countDown();
            }
          });
      transport.start();
      connection = new ConnectionId(desk.id);
      producer = new ProducerId(new SessionId(connection, 1), 1);
    }

    void request(org.apache.activemq.command.Command command) throws Exception {
      Object answer = transport.request(command, Desk.PATIENCE_MS);
      if (answer instanceof org.apache.activemq.command.ExceptionResponse refusal)
        throw new IllegalStateException(refusal.getException());
    }

    /** As a failover client that comes back. */
    void reconnect(Desk desk) throws Exception {
      ConnectionInfo info = new ConnectionInfo(connection);
      info.setClientId(desk.id);
      info.setUserName(Desk.USER);
      info.setPassword(Desk.PASSWORD);
      info.setFailoverReconnect(true);
      request(info);
      request(new SessionInfo(new SessionId(connection, 1)));
      request(new ProducerInfo(producer));
    }

    void send(Desk desk, long sequence) throws Exception {
      org.apache.activemq.command.ActiveMQTextMessage message =
          new org.apache.activemq.command.ActiveMQTextMessage();
      message.setMessageId(new MessageId(producer, sequence));
      message.setProducerId(producer);
      message.setDestination(new ActiveMQQueue(desk.id));
      message.setPersistent(true);
      message.setText("m" + sequence);
      request((ActiveMQMessage) message);
    }

    @Override
    public void close() {
      ServiceSupport.dispose(transport);
    }
  }

  private static void duplicates(Checklist list) {
    list.check("a message resent by a client that came back is stored once", desk -> {
      try (Raw first = new Raw(desk)) {
        first.reconnect(desk);
        first.send(desk, 1);
        first.send(desk, 2);
      }
      try (Raw second = new Raw(desk)) {
        Desk.eventually("the client id is free", () -> {
          try {
            second.reconnect(desk);
            return true;
          } catch (IllegalStateException inUse) {
            return false;
          }
        });
        second.send(desk, 2);
        second.send(desk, 3);
      }
      Expect.equal(List.of("m1", "m2", "m3"), Desk.browse(desk.auto(), desk.queue()));
    });
    list.check("the broker says who it is before anything else", desk -> {
      try (Raw raw = new Raw(desk)) {
        Expect.that(raw.brokerInfo.await(5, TimeUnit.SECONDS), "BrokerInfo came");
      }
    });
  }
}
