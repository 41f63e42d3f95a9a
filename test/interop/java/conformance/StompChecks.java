package conformance;

import static conformance.Desk.browse;
import static conformance.Desk.send;
import static conformance.Desk.take;

import java.util.List;
import javax.jms.MapMessage;
import javax.jms.MessageConsumer;
import javax.jms.Session;

/** What STOMP clients see of what the Java client does, and the other way round. */
final class StompChecks {
  static void addTo(Checklist list) {
    list.group("stomp");
    browsers(list);
    maps(list);
    list.check("no-local on a queue: its own messages are others'", desk -> {
      Stomp own = desk.stomp();
      own.say("SUBSCRIBE", "", "id:s", "destination:/queue/" + desk.id, "activemq.noLocal:true");
      own.send("/queue/" + desk.id, "own");
      send(desk.auto(), desk.queue(), "other's");
      Expect.equal("other's", own.message().body());
      Expect.equal(List.of("own"), browse(desk.auto(), desk.queue()));
    });
  }

  private static void maps(Checklist list) {
    list.check("a map message as JSON", desk -> {
      Session session = desk.auto();
      MapMessage map = session.createMapMessage();
      map.setString("name", "Ada");
      session.createProducer(desk.queue()).send(map);
      Stomp stomp = desk.stomp();
      stomp.write("SUBSCRIBE", "", "id:s", "destination:/queue/" + desk.id, "transformation:jms-map-json");
      Stomp.Frame frame = stomp.message();
      Expect.equal("jms-map-json", frame.header("transformation"));
      Expect.equal("{\"map\":{\"entry\":{\"string\":[\"name\",\"Ada\"]}}}", frame.body());
    });
    list.check("a map message from JSON", desk -> {
      MessageConsumer consumer = desk.auto().createConsumer(desk.queue());
      Stomp stomp = desk.stomp();
      String json =
          "{\"map\":{\"entry\":[{\"string\":[\"name\",\"Ada\"]},{\"string\":\"age\",\"int\":36},"
              + "{\"string\":\"big\",\"long\":\"9007199254740993\"},{\"string\":\"fair\",\"boolean\":true}]}}";
      stomp.send("/queue/" + desk.id, json, "transformation:jms-map-json");
      MapMessage map = (MapMessage) take(consumer);
      Expect.equal("Ada", map.getString("name"));
      Expect.equal(36, map.getObject("age"));
      Expect.equal(9007199254740993L, map.getObject("big"));
      Expect.equal(true, map.getObject("fair"));
    });
  }

  private static void browsers(Checklist list) {
    list.check("a browser shows what is on the queue, and its end, and takes nothing", desk -> {
      send(desk.auto(), desk.queue(), "1", "2");
      Stomp stomp = desk.stomp();
      stomp.write("SUBSCRIBE", "", "id:s", "destination:/queue/" + desk.id, "browser:true");
      Stomp.Frame first = stomp.message();
      Expect.equal("1", first.body());
      Expect.equal(null, first.header("browser"));
      Expect.equal("2", stomp.message().body());
      Stomp.Frame end = stomp.message();
      Expect.equal("end", end.header("browser"));
      Expect.equal("s", end.header("subscription"));
      Expect.equal("/queue/" + desk.id, end.header("destination"));
      Expect.equal("0", end.header("message-id"));
      Expect.equal("", end.body());
      stomp.say("UNSUBSCRIBE", "", "id:s");
      Expect.equal(List.of("1", "2"), browse(desk.auto(), desk.queue()));
    });
    list.check("a browser of an empty queue shows its end", desk -> {
      Stomp stomp = desk.stomp();
      stomp.write("SUBSCRIBE", "", "id:s", "destination:/queue/" + desk.id, "browser:true");
      Expect.equal("end", stomp.message().header("browser"));
    });
    list.check("a browser with a selector", desk -> {
      Stomp stomp = desk.stomp();
      for (String colour : List.of("red", "blue", "red"))
        stomp.send("/queue/" + desk.id, colour, "colour:" + colour);
      stomp.write("SUBSCRIBE", "", "id:s", "destination:/queue/" + desk.id, "browser:true", "selector:colour = 'red'");
      Expect.equal("red", stomp.message().body());
      Expect.equal("red", stomp.message().body());
      Expect.equal("end", stomp.message().header("browser"));
    });
    list.check("a browser's messages cannot be refused", desk -> {
      send(desk.auto(), desk.queue(), "1");
      Stomp stomp = desk.stomp();
      stomp.write("SUBSCRIBE", "", "id:s", "destination:/queue/" + desk.id, "browser:true", "ack:client");
      String ack = stomp.message().header("ack");
      Expect.equal("end", stomp.message().header("browser"));
      stomp.write("NACK", "", "id:" + ack);
      stomp.read("ERROR");
      Expect.equal(List.of("1"), browse(desk.auto(), desk.queue()));
    });
  }
}
