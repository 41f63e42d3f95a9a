package conformance;

import static conformance.Desk.take;

import java.net.URL;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.jms.BytesMessage;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageEOFException;
import javax.jms.MessageProducer;
import javax.jms.ObjectMessage;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.StreamMessage;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.BlobMessage;

/** Bodies of every type, and compression. */
final class MessageChecks {
  private static final int MIB = 1 << 20;

  /** Sends what `build` makes through a queue of its own. */
  private static Message through(Desk desk, Session session, Message message) throws Exception {
    Queue queue = desk.queue();
    MessageProducer producer = session.createProducer(queue);
    producer.send(message);
    return take(session.createConsumer(queue));
  }

  private static String text(Desk desk, String body, String... options) throws Exception {
    Session session = desk.auto(options);
    return ((TextMessage) through(desk, session, session.createTextMessage(body))).getText();
  }

  private static byte[] bytes(Desk desk, byte[] body, String... options) throws Exception {
    Session session = desk.auto(options);
    BytesMessage message = session.createBytesMessage();
    message.writeBytes(body);
    BytesMessage received = (BytesMessage) through(desk, session, message);
    byte[] got = new byte[(int) received.getBodyLength()];
    received.readBytes(got);
    return got;
  }

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  /** Names of what a map holds; the interface is older than generic types. */
  private static List<String> names(MapMessage map) throws Exception {
    List<String> names = new ArrayList<>();
    for (Enumeration<?> each = map.getMapNames(); each.hasMoreElements(); ) names.add((String) each.nextElement());
    return names;
  }

  static void addTo(Checklist list) {
    list.group("message");
    texts(list);
    bytes(list);
    structured(list);
    compressed(list);
  }

  private static void texts(Checklist list) {
    list.check("text with characters of all planes and U+0000", desk -> {
      String body = "aé€\u0000\uD83D\uDE00\n\"";
      Expect.equal(body, text(desk, body));
    });
    list.check("text without a text", desk -> Expect.equal(null, text(desk, null)));
    list.check("empty text", desk -> Expect.equal("", text(desk, "")));
    list.check("text of more than 64 KiB", desk -> {
      String body = "é".repeat(70_000);
      Expect.equal(body, text(desk, body));
    });
    list.check("text of 4 MB", desk -> {
      String body = "0123456789".repeat(400_000);
      Expect.equal(body, text(desk, body));
    });
    list.check("no body at all", desk -> {
      Session session = desk.auto();
      Message received = through(desk, session, session.createMessage());
      Expect.that(!(received instanceof TextMessage), "a plain message stays plain");
    });
    list.check("a received message is read-only, and can be sent on", desk -> {
      Session session = desk.auto();
      TextMessage received = (TextMessage) through(desk, session, session.createTextMessage("a"));
      Expect.fails(javax.jms.MessageNotWriteableException.class, () -> received.setText("b"));
      Queue next = desk.queue("next");
      session.createProducer(next).send(received);
      Expect.equal("a", Desk.text(session.createConsumer(next)));
    });
  }

  private static void bytes(Checklist list) {
    list.check("bytes: every primitive is read back", desk -> {
      Session session = desk.auto();
      BytesMessage message = session.createBytesMessage();
      message.writeBoolean(true);
      message.writeByte((byte) -1);
      message.writeShort(Short.MIN_VALUE);
      message.writeChar('€');
      message.writeInt(Integer.MIN_VALUE);
      message.writeLong(Long.MIN_VALUE);
      message.writeFloat(1.5f);
      message.writeDouble(Math.PI);
      message.writeUTF("é€");
      BytesMessage received = (BytesMessage) through(desk, session, message);
      Expect.equal(true, received.readBoolean());
      Expect.equal((byte) -1, received.readByte());
      Expect.equal(Short.MIN_VALUE, received.readShort());
      Expect.equal('€', received.readChar());
      Expect.equal(Integer.MIN_VALUE, received.readInt());
      Expect.equal(Long.MIN_VALUE, received.readLong());
      Expect.equal(1.5f, received.readFloat());
      Expect.equal(Math.PI, received.readDouble());
      Expect.equal("é€", received.readUTF());
      Expect.fails(MessageEOFException.class, received::readByte);
    });
    list.check("bytes: none", desk -> Expect.equal(0, bytes(desk, new byte[0]).length));
    list.check("bytes of 3 MiB", desk -> {
      byte[] body = noise(3 * MIB);
      Expect.that(Arrays.equals(body, bytes(desk, body)), "the bytes are the same");
    });
    list.slowCheck("bytes of 100 MB", desk -> {
      byte[] body = noise(100_000_000);
      Expect.that(Arrays.equals(body, bytes(desk, body)), "the bytes are the same");
    });
  }

  private static void structured(Checklist list) {
    list.check("map: every type", desk -> {
      Session session = desk.auto();
      MapMessage message = session.createMapMessage();
      message.setBoolean("boolean", true);
      message.setByte("byte", (byte) 7);
      message.setShort("short", (short) 7);
      message.setChar("char", 'x');
      message.setInt("int", 7);
      message.setLong("long", 7L);
      message.setFloat("float", 7.5f);
      message.setDouble("double", 7.5);
      message.setString("string", "é");
      message.setBytes("bytes", new byte[] {1, 2});
      message.setObject("null", null);
      MapMessage received = (MapMessage) through(desk, session, message);
      Expect.equal(11, names(received).size());
      Expect.equal(true, received.getBoolean("boolean"));
      Expect.equal((byte) 7, received.getObject("byte"));
      Expect.equal((short) 7, received.getObject("short"));
      Expect.equal('x', received.getChar("char"));
      Expect.equal(7, received.getObject("int"));
      Expect.equal(7L, received.getObject("long"));
      Expect.equal(7.5f, received.getObject("float"));
      Expect.equal(7.5, received.getObject("double"));
      Expect.equal("é", received.getString("string"));
      Expect.that(Arrays.equals(new byte[] {1, 2}, received.getBytes("bytes")), "the bytes are the same");
      Expect.that(received.itemExists("null"), "null is there");
    });
    list.check("map: lists and maps within", desk -> {
      Session session = desk.auto();
      MapMessage message = session.createMapMessage();
      message.setObject("outer", Map.of("inner", List.of(1, "two", 3.0)));
      MapMessage received = (MapMessage) through(desk, session, message);
      Expect.equal(List.of(1, "two", 3.0), ((Map<?, ?>) received.getObject("outer")).get("inner"));
    });
    list.check("stream: every type, and its end", desk -> {
      Session session = desk.auto();
      StreamMessage message = session.createStreamMessage();
      message.writeBoolean(true);
      message.writeByte((byte) 1);
      message.writeShort((short) 2);
      message.writeChar('c');
      message.writeInt(3);
      message.writeLong(4L);
      message.writeFloat(5.5f);
      message.writeDouble(6.5);
      message.writeString("x".repeat(70_000));
      message.writeBytes(new byte[] {9});
      message.writeObject(null);
      StreamMessage received = (StreamMessage) through(desk, session, message);
      Object[] first = new Object[9];
      for (int index = 0; index < first.length; index += 1) first[index] = received.readObject();
      Expect.equal(
          List.of(true, (byte) 1, (short) 2, 'c', 3, 4L, 5.5f, 6.5, "x".repeat(70_000)), List.of(first));
      Expect.that(Arrays.equals(new byte[] {9}, (byte[]) received.readObject()), "the bytes are the same");
      Expect.equal(null, received.readObject());
      Expect.fails(MessageEOFException.class, received::readObject);
    });
    list.check("object", desk -> {
      Session session = desk.auto();
      ArrayList<Object> body = new ArrayList<>(List.of("a", 1, 2.5));
      Expect.equal(body, ((ObjectMessage) through(desk, session, session.createObjectMessage(body))).getObject());
    });
    list.check("object: none", desk -> {
      Session session = desk.auto();
      Expect.equal(null, ((ObjectMessage) through(desk, session, session.createObjectMessage())).getObject());
    });
    list.check("blob by its address", desk -> {
      Session session = desk.auto();
      BlobMessage message =
          ((ActiveMQSession) session).createBlobMessage(new URL("http://127.0.0.1/blob"), false);
      BlobMessage received = (BlobMessage) through(desk, session, message);
      Expect.equal("http://127.0.0.1/blob", received.getURL().toString());
    });
  }

  private static void compressed(Checklist list) {
    String compression = "jms.useCompression=true";
    list.check("compressed text", desk -> {
      String body = "é€\uD83D\uDE00".repeat(5_000);
      Expect.equal(body, text(desk, body, compression));
    });
    list.check("compressed bytes of 2 MiB", desk -> {
      byte[] body = noise(2 * MIB);
      Expect.that(Arrays.equals(body, bytes(desk, body, compression)), "the bytes are the same");
    });
    list.check("compressed map, stream and object", desk -> {
      Session session = desk.auto(compression);
      MapMessage map = session.createMapMessage();
      map.setString("a", "b".repeat(1_000));
      Expect.equal("b".repeat(1_000), ((MapMessage) through(desk, session, map)).getString("a"));
      StreamMessage stream = session.createStreamMessage();
      stream.writeString("c");
      MessageConsumer consumer = session.createConsumer(desk.queue("stream"));
      session.createProducer(desk.queue("stream")).send(stream);
      Expect.equal("c", ((StreamMessage) take(consumer)).readString());
      MessageConsumer objects = session.createConsumer(desk.queue("object"));
      session.createProducer(desk.queue("object")).send(session.createObjectMessage("d"));
      Expect.equal("d", ((ObjectMessage) take(objects)).getObject());
    });
    list.check("a compressed message reaches a consumer that does not compress", desk -> {
      Session sending = desk.auto(compression);
      Session receiving = desk.auto();
      Desk.send(sending, desk.queue(), "z".repeat(10_000));
      Expect.equal("z".repeat(10_000), Desk.text(receiving.createConsumer(desk.queue())));
    });
  }
}
