package conformance;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** A client of STOMP 1.2, as plain as the protocol: what it reads is what the broker wrote. */
final class Stomp implements AutoCloseable {
  record Frame(String command, Map<String, String> headers, String body) {
    String header(String name) {
      return headers.get(name);
    }
  }

  private final Socket socket;
  private final InputStream in;
  private int receipts = 0;

  Stomp(int port) throws IOException {
    socket = new Socket("127.0.0.1", port);
    socket.setSoTimeout(Desk.PATIENCE_MS);
    in = new BufferedInputStream(socket.getInputStream());
    write("CONNECT", "", "accept-version:1.2", "host:localhost", "login:" + Desk.USER, "passcode:" + Desk.PASSWORD);
    read("CONNECTED");
  }

  void write(String command, String body, String... headers) throws IOException {
    String frame = command + "\n" + String.join("\n", headers) + "\n\n" + body + "\0";
    socket.getOutputStream().write(frame.getBytes(StandardCharsets.UTF_8));
  }

  /** Waits until the broker has done it; nothing may be on its way to this client but the receipt. */
  void say(String command, String body, String... headers) throws IOException {
    String[] all = new String[headers.length + 1];
    System.arraycopy(headers, 0, all, 0, headers.length);
    receipts += 1;
    all[headers.length] = "receipt:" + receipts;
    write(command, body, all);
    Expect.equal(String.valueOf(receipts), read("RECEIPT").header("receipt-id"));
  }

  void send(String destination, String body, String... headers) throws IOException {
    String[] all = new String[headers.length + 1];
    System.arraycopy(headers, 0, all, 0, headers.length);
    all[headers.length] = "destination:" + destination;
    say("SEND", body, all);
  }

  Frame message() throws IOException {
    return read("MESSAGE");
  }

  Frame read(String command) throws IOException {
    String line = line();
    while (line.isEmpty()) line = line();
    Map<String, String> headers = new LinkedHashMap<>();
    for (String header = line(); !header.isEmpty(); header = line()) {
      int colon = header.indexOf(':');
      headers.putIfAbsent(unescaped(header.substring(0, colon)), unescaped(header.substring(colon + 1)));
    }
    Frame frame = new Frame(line, headers, body(headers.get("content-length")));
    Expect.that(frame.command.equals(command), "a frame " + command + " comes, and not " + frame);
    return frame;
  }

  private String line() throws IOException {
    return until('\n').replace("\r", "");
  }

  private String body(String length) throws IOException {
    if (length == null) return until('\0');
    byte[] bytes = in.readNBytes(Integer.parseInt(length));
    until('\0');
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private String until(char end) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int next = in.read(); next != end; next = in.read()) {
      if (next < 0) throw new EOFException("the broker closed the connection");
      bytes.write(next);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static String unescaped(String text) {
    return text.replace("\\c", ":").replace("\\n", "\n").replace("\\r", "\r").replace("\\\\", "\\");
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
