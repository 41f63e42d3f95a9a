package conformance;

import static conformance.Desk.send;
import static conformance.Desk.take;

import javax.jms.DeliveryMode;
import javax.jms.Destination;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQMessageConsumer;
import org.apache.activemq.advisory.AdvisorySupport;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;
import org.apache.activemq.command.ConnectionInfo;
import org.apache.activemq.command.ConsumerId;
import org.apache.activemq.command.ConsumerInfo;
import org.apache.activemq.command.DataStructure;
import org.apache.activemq.command.DestinationInfo;
import org.apache.activemq.command.ProducerInfo;
import org.apache.activemq.command.RemoveInfo;

/** Advisory messages that are on by default. */
final class AdvisoryChecks {
  private static MessageConsumer watch(Desk desk, Destination advisories) throws Exception {
    return desk.auto().createConsumer(advisories);
  }

  private static ActiveMQDestination amq(Destination destination) {
    return (ActiveMQDestination) destination;
  }

  private static DataStructure structure(Message advisory) {
    return ((ActiveMQMessage) advisory).getDataStructure();
  }

  private static <T> T next(MessageConsumer consumer, Class<T> kind) throws Exception {
    DataStructure found = structure(take(consumer));
    Expect.that(kind.isInstance(found), "expected " + kind.getSimpleName() + ", got " + found);
    return kind.cast(found);
  }

  /** What is told of the connection whose client id is the desk's; others come and go meanwhile. */
  private static ConnectionInfo connectionOf(Desk desk, MessageConsumer advisories) throws Exception {
    while (true) {
      if (structure(take(advisories)) instanceof ConnectionInfo info && desk.id.equals(info.getClientId())) return info;
    }
  }

  static void addTo(Checklist list) {
    list.group("advisory");
    clients(list);
    destinations(list);
    messages(list);
    slowConsumers(list);
  }

  private static void clients(Checklist list) {
    list.check("a connection starts and stops", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.getConnectionAdvisoryTopic());
      desk.connectAs(desk.id).close();
      ConnectionInfo info = connectionOf(desk, advisories);
      DataStructure end;
      do end = structure(take(advisories));
      while (!(end instanceof RemoveInfo remove) || !remove.getObjectId().equals(info.getConnectionId()));
    });
    list.check("no password in a connection's advisory", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.getConnectionAdvisoryTopic());
      desk.connectAs(desk.id);
      ConnectionInfo info = connectionOf(desk, advisories);
      Expect.that(info.getPassword() == null || info.getPassword().isEmpty(), "the password is not there");
    });
    list.check("a consumer comes and goes, with the count", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.getConsumerAdvisoryTopic(amq(desk.queue())));
      MessageConsumer consumer = desk.auto().createConsumer(desk.queue());
      Message start = take(advisories);
      Expect.equal(amq(desk.queue()), ((ConsumerInfo) structure(start)).getDestination());
      Expect.equal(1, start.getIntProperty("consumerCount"));
      consumer.close();
      Message stop = take(advisories);
      Expect.that(structure(stop) instanceof RemoveInfo, "it is a removal");
      Expect.equal(0, stop.getIntProperty("consumerCount"));
    });
    list.check("a consumer of a topic", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.getConsumerAdvisoryTopic(amq(desk.topic())));
      desk.auto().createConsumer(desk.topic());
      Expect.equal(amq(desk.topic()), next(advisories, ConsumerInfo.class).getDestination());
    });
    list.check("consumers that are there already are told to a new watcher", desk -> {
      desk.auto().createConsumer(desk.queue());
      MessageConsumer advisories = watch(desk, AdvisorySupport.getConsumerAdvisoryTopic(amq(desk.queue())));
      next(advisories, ConsumerInfo.class);
    });
    list.check("a producer comes and goes, with the count", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.getProducerAdvisoryTopic(amq(desk.queue())));
      MessageProducer producer = desk.auto().createProducer(desk.queue());
      Message start = take(advisories);
      Expect.equal(amq(desk.queue()), ((ProducerInfo) structure(start)).getDestination());
      Expect.equal(1, start.getIntProperty("producerCount"));
      producer.close();
      Expect.that(structure(take(advisories)) instanceof RemoveInfo, "it is a removal");
    });
    list.check("all consumers by a wildcard", desk -> {
      Session session = desk.auto();
      MessageConsumer advisories =
          session.createConsumer(session.createTopic("ActiveMQ.Advisory.Consumer.Queue." + desk.id + ".>"));
      desk.auto().createConsumer(desk.queue("a"));
      Expect.equal(amq(desk.queue("a")), next(advisories, ConsumerInfo.class).getDestination());
    });
    list.check("broker id, name and address are told", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.getConsumerAdvisoryTopic(amq(desk.queue())));
      desk.auto().createConsumer(desk.queue());
      Message advisory = take(advisories);
      for (String name : new String[] {"originBrokerId", "originBrokerName", "originBrokerURL"})
        Expect.that(advisory.getStringProperty(name) != null, name + " is there");
    });
  }

  private static void destinations(Checklist list) {
    list.check("a queue is made", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.QUEUE_ADVISORY_TOPIC);
      send(desk.auto(), desk.queue(), "a");
      DestinationInfo info;
      do info = next(advisories, DestinationInfo.class); while (!info.getDestination().equals(desk.queue()));
      Expect.that(info.isAddOperation(), "it is new");
    });
    list.check("a queue is removed", desk -> {
      Session session = desk.auto();
      send(session, desk.queue(), "a");
      MessageConsumer advisories = watch(desk, AdvisorySupport.QUEUE_ADVISORY_TOPIC);
      Desk.connectionOf(session).destroyDestination(amq(desk.queue()));
      DestinationInfo info;
      do info = next(advisories, DestinationInfo.class);
      while (!info.getDestination().equals(desk.queue()) || info.isAddOperation());
    });
    list.check("a topic is made", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.TOPIC_ADVISORY_TOPIC);
      desk.auto().createConsumer(desk.topic());
      DestinationInfo info;
      do info = next(advisories, DestinationInfo.class); while (!info.getDestination().equals(desk.topic()));
      Expect.that(info.isAddOperation(), "it is new");
    });
    list.check("a temporary queue is made and goes with its connection", desk -> {
      MessageConsumer advisories = watch(desk, AdvisorySupport.TEMP_QUEUE_ADVISORY_TOPIC);
      Session session = desk.auto();
      TemporaryQueue queue = session.createTemporaryQueue();
      DestinationInfo info;
      do info = next(advisories, DestinationInfo.class); while (!info.getDestination().equals(queue));
      Expect.that(info.isAddOperation(), "it is new");
      Desk.connectionOf(session).close();
      do info = next(advisories, DestinationInfo.class); while (!info.getDestination().equals(queue));
      Expect.that(info.isRemoveOperation(), "it is gone");
    });
    list.check("queues that are there already are told to a new watcher", desk -> {
      send(desk.auto(), desk.queue(), "a");
      MessageConsumer advisories = watch(desk, AdvisorySupport.QUEUE_ADVISORY_TOPIC);
      DestinationInfo info;
      do info = next(advisories, DestinationInfo.class); while (!info.getDestination().equals(desk.queue()));
    });
  }

  private static void messages(Checklist list) {
    list.check("a message expires in a queue", desk -> {
      MessageConsumer advisories =
          watch(desk, AdvisorySupport.getExpiredQueueMessageAdvisoryTopic(amq(desk.queue())));
      Session session = desk.auto();
      MessageProducer producer = session.createProducer(desk.queue());
      producer.send(session.createTextMessage("late"), DeliveryMode.PERSISTENT, 4, 1);
      Thread.sleep(20);
      desk.auto(Desk.PULL).createConsumer(desk.queue()).receiveNoWait();
      take(advisories);
    });
    list.check("a message becomes a dead letter", desk -> {
      MessageConsumer advisories =
          watch(desk, AdvisorySupport.getMessageDLQdAdvisoryTopic(amq(desk.queue())));
      Session session = desk.transacted("jms.redeliveryPolicy.maximumRedeliveries=0");
      send(desk.auto(), desk.queue(), "poison");
      MessageConsumer consumer = session.createConsumer(desk.queue());
      take(consumer);
      session.rollback();
      take(advisories);
    });
    list.check("a client may do without them", desk -> {
      Session session = desk.auto("jms.watchTopicAdvisories=false");
      send(session, desk.queue(), "a");
      Desk.texts(session.createConsumer(desk.queue()), "a");
    });
  }

  private static void slowConsumers(Checklist list) {
    list.check("a subscriber of a topic does not keep up", desk -> {
      Topic topic = new ActiveMQTopic("slow." + desk.id);
      MessageConsumer advisories = watch(desk, AdvisorySupport.getSlowConsumerAdvisoryTopic(amq(topic)));
      MessageConsumer slow = desk.auto("jms.prefetchPolicy.all=2").createConsumer(topic);
      send(desk.auto(), topic, Desk.numbers(5));
      Desk.nothing(advisories);
      send(desk.auto(), topic, "6");
      tellsOf(slow, advisories);
    });
    list.check("a durable subscriber does not keep up", desk -> {
      Topic topic = new ActiveMQTopic("slow." + desk.id);
      MessageConsumer advisories = watch(desk, AdvisorySupport.getSlowConsumerAdvisoryTopic(amq(topic)));
      Session session =
          desk.connectAs(desk.id, "jms.prefetchPolicy.all=2").createSession(false, Session.CLIENT_ACKNOWLEDGE);
      MessageConsumer slow = session.createDurableSubscriber(topic, "s");
      send(desk.auto(), topic, "1", "2");
      Desk.nothing(advisories);
      send(desk.auto(), topic, "3");
      tellsOf(slow, advisories);
    });
    list.check("a queue's consumer does not keep up", desk -> {
      Queue queue = new ActiveMQQueue("slow." + desk.id);
      MessageConsumer advisories = watch(desk, AdvisorySupport.getSlowConsumerAdvisoryTopic(amq(queue)));
      MessageConsumer slow =
          desk.session(Session.CLIENT_ACKNOWLEDGE, "jms.prefetchPolicy.all=2").createConsumer(queue);
      send(desk.auto(), queue, "1", "2");
      Desk.nothing(advisories);
      send(desk.auto(), queue, "3");
      tellsOf(slow, advisories);
    });
  }

  /** That the consumer is slow, by its id. */
  private static void tellsOf(MessageConsumer consumer, MessageConsumer advisories) throws Exception {
    ConsumerId id = ((ActiveMQMessageConsumer) consumer).getConsumerId();
    Message advisory = take(advisories);
    Expect.equal(id, ((ConsumerInfo) structure(advisory)).getConsumerId());
    Expect.equal(id.toString(), advisory.getStringProperty("consumerId"));
  }
}
