import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.jms.InvalidSelectorException;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.MessageId;
import org.apache.activemq.filter.BooleanExpression;
import org.apache.activemq.filter.MessageEvaluationContext;
import org.apache.activemq.selector.SelectorParser;

/**
 * Writes down what the real selector parser makes of `selectors.txt`, for the message that `message` makes. A row is
 * [selector, "true" | "false" | "unknown" | "refused" | "fails"]; `fails`: it throws when it looks at the message.
 *
 * <p>Again, on Debian with libactivemq-java and a JDK, in this directory:
 * java -cp "$(printf '/usr/share/java/%s.jar:' activemq-client hawtbuf geronimo-jms_1.1_spec
 * geronimo-j2ee-management-1.1-spec slf4j-api)" Recorder.java selectors.txt > recorded.json
 */
final class Recorder {
  private Recorder() {}

  public static void main(String[] args) throws Exception {
    ActiveMQMessage message = message();
    List<String> rows = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(args[0]), StandardCharsets.UTF_8)) {
      if (line.isEmpty()) continue;
      rows.add("[" + quoted(line) + "," + quoted(result(line, message)) + "]");
    }
    System.out.write(("[\n" + String.join(",\n", rows) + "\n]\n").getBytes(StandardCharsets.UTF_8));
    System.out.flush();
  }

  private static ActiveMQMessage message() throws Exception {
    ActiveMQMessage message = new ActiveMQMessage();
    message.setDestination(new ActiveMQQueue("orders"));
    message.setReplyTo(new ActiveMQTopic("prices"));
    message.setMessageId(new MessageId("ID:host-1:1:1:4"));
    message.setJMSType("car");
    message.setJMSCorrelationID("c1");
    message.setPersistent(true);
    message.setPriority((byte) 7);
    message.setTimestamp(1000);
    message.setExpiration(2000);
    message.setGroupID("g");
    message.setGroupSequence(3);
    message.setIntProperty("i", 5);
    message.setLongProperty("l", 9007199254740993L);
    message.setByteProperty("by", (byte) -3);
    message.setShortProperty("sh", (short) 300);
    message.setFloatProperty("f", 0.5f);
    message.setDoubleProperty("d", 2.25);
    message.setBooleanProperty("t", true);
    message.setBooleanProperty("no", false);
    message.setStringProperty("s", "abc");
    message.setStringProperty("empty", "");
    message.setStringProperty("digits", "12");
    message.setStringProperty("half", "12.5");
    message.setStringProperty("yes", "true");
    message.setStringProperty("odd", "a_b%c\\d");
    message.setStringProperty("quote", "it's");
    message.setStringProperty("lines", "a\nb");
    message.setIntProperty("$x_1", 1);
    message.setIntProperty("_y$", 2);
    message.setIntProperty("max", Integer.MAX_VALUE);
    message.setLongProperty("maxl", Long.MAX_VALUE);
    message.setIntProperty("Is2", 4);
    return message;
  }

  private static String result(String selector, ActiveMQMessage message) throws Exception {
    BooleanExpression expression;
    try {
      expression = SelectorParser.parse(selector);
    } catch (InvalidSelectorException | Error invalid) {
      return "refused";
    }
    MessageEvaluationContext context = new MessageEvaluationContext();
    context.setMessageReference(message);
    try {
      Object value = expression.evaluate(context);
      if (value == null) return "unknown";
      return expression.matches(context) ? "true" : "false";
    } catch (Exception failure) {
      return "fails";
    }
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char each : text.toCharArray()) {
      if (each == '"' || each == '\\') json.append('\\').append(each);
      else if (each < ' ') json.append(String.format("\\u%04x", (int) each));
      else json.append(each);
    }
    return json.append('"').toString();
  }
}
