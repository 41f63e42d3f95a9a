import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.activemq.command.ActiveMQBytesMessage;
import org.apache.activemq.command.ActiveMQMapMessage;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQStreamMessage;
import org.apache.activemq.command.ActiveMQTextMessage;
import org.apache.activemq.command.WireFormatInfo;
import org.apache.activemq.openwire.OpenWireFormat;
import org.apache.activemq.openwire.OpenWireFormatFactory;
import org.apache.activemq.util.ByteSequence;

/** Prints the contents and properties of messages, plain and compressed, and a client's WireFormatInfo. See README.md. */
public class BodyWriter {
    static final String text = "a\u0000b \u00e4 \u20ac \ud83d\ude00";

    public static void main(String[] arguments) throws Exception {
        OpenWireFormat format = (OpenWireFormat) new OpenWireFormatFactory().createWireFormat();
        WireFormatInfo info = format.getPreferedWireFormatInfo();
        info.setHost("localhost");
        print("client-info", format.marshal(info));

        for (boolean compressed : new boolean[] {false, true}) {
            String suffix = compressed ? "-compressed" : "";
            ActiveMQTextMessage textMessage = new ActiveMQTextMessage();
            textMessage.setText(text);
            print("text" + suffix, content(textMessage, compressed));
            ActiveMQTextMessage long_ = new ActiveMQTextMessage();
            long_.setText("long " + "x".repeat(9000));
            if (compressed) print("long-text" + suffix, content(long_, compressed));
            ActiveMQBytesMessage bytes = new ActiveMQBytesMessage();
            bytes.writeBytes("some bytes, some bytes".getBytes());
            print("bytes" + suffix, content(bytes, compressed));
            print("map" + suffix, content(mapMessage(), compressed));
            print("stream" + suffix, content(streamMessage(), compressed));
        }

        ActiveMQMessage message = new ActiveMQMessage();
        for (Map.Entry<String, Object> entry : values().entrySet())
            if (!(entry.getValue() instanceof byte[])) message.setProperty(entry.getKey(), entry.getValue());
        message.setProperty("list", List.of("one", 2));
        message.setProperty("map", new LinkedHashMap<>(Map.of("inner", List.of(true))));
        message.beforeMarshall(format);
        print("properties", message.getMarshalledProperties());
    }

    static Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("boolean", true);
        values.put("byte", (byte) -7);
        values.put("short", (short) -700);
        values.put("int", 70000);
        values.put("long", 9007199254740993L);
        values.put("float", 1.5f);
        values.put("double", -0.1);
        values.put("char", '\u20ac');
        values.put("string", text);
        values.put("bytes", new byte[] {1, 2, -1});
        values.put("big", "y".repeat(8191));
        return values;
    }

    static ActiveMQMapMessage mapMessage() throws Exception {
        ActiveMQMapMessage message = new ActiveMQMapMessage();
        for (Map.Entry<String, Object> entry : values().entrySet()) message.setObject(entry.getKey(), entry.getValue());
        message.setObject("null", null);
        return message;
    }

    static ActiveMQStreamMessage streamMessage() throws Exception {
        ActiveMQStreamMessage message = new ActiveMQStreamMessage();
        for (Object value : values().values()) message.writeObject(value);
        return message;
    }

    static ByteSequence content(ActiveMQMessage message, boolean compressed) throws Exception {
        message.storeContent();
        if (compressed) message.compress();
        return message.getContent();
    }

    static void print(String name, ByteSequence bytes) {
        byte[] exact = Arrays.copyOfRange(bytes.getData(), bytes.getOffset(), bytes.getOffset() + bytes.getLength());
        System.out.println(name + " " + Base64.getEncoder().encodeToString(exact));
    }
}
