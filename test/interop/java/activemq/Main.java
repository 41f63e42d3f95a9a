package activemq;

import java.io.File;
import java.net.URI;
import java.util.List;
import org.apache.activemq.broker.BrokerPlugin;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.TransportConnector;
import org.apache.activemq.broker.region.policy.PolicyEntry;
import org.apache.activemq.broker.region.policy.PolicyMap;
import org.apache.activemq.security.AuthenticationUser;
import org.apache.activemq.security.SimpleAuthenticationPlugin;

/**
 * The real broker, to compare with: `activemq.Main DIRECTORY [PORT [USER PASSWORD]]`. Prints its port for OpenWire when
 * it is ready, and on the next line the one for STOMP, and ends with its standard input. All is as it comes, but for what
 * is off by default: the scheduler, priorities on queues named `prioritised.>`, and advisories of slow consumers of what
 * is named `slow.>`.
 */
final class Main {
  public static void main(String[] args) throws Exception {
    BrokerService broker = new BrokerService();
    broker.setBrokerName("activemq");
    broker.setDataDirectoryFile(new File(args[0]));
    broker.setUseJmx(false);
    broker.setSchedulerSupport(true);
    broker.setUseShutdownHook(false);
    broker.setDestinationPolicy(policies());
    if (args.length > 3) broker.setPlugins(new BrokerPlugin[] {users(args[2], args[3])});
    String port = args.length > 1 ? args[1] : "0";
    TransportConnector connector = broker.addConnector(new URI("tcp://127.0.0.1:" + port + "?wireFormat.maxFrameSize=157286400"));
    TransportConnector stomp = broker.addConnector(new URI("stomp://127.0.0.1:0"));
    broker.start();
    broker.waitUntilStarted();
    System.out.println(connector.getConnectUri().getPort());
    System.out.println(stomp.getConnectUri().getPort());
    while (System.in.read() >= 0) continue;
    broker.stop();
    System.exit(0);
  }

  private static PolicyMap policies() {
    PolicyEntry prioritised = new PolicyEntry();
    prioritised.setQueue("prioritised.>");
    prioritised.setPrioritizedMessages(true);
    PolicyEntry slowTopic = new PolicyEntry();
    slowTopic.setTopic("slow.>");
    slowTopic.setAdvisoryForSlowConsumers(true);
    PolicyEntry slowQueue = new PolicyEntry();
    slowQueue.setQueue("slow.>");
    slowQueue.setAdvisoryForSlowConsumers(true);
    PolicyMap map = new PolicyMap();
    map.setPolicyEntries(List.of(prioritised, slowTopic, slowQueue));
    return map;
  }

  private static SimpleAuthenticationPlugin users(String name, String password) {
    return new SimpleAuthenticationPlugin(List.of(new AuthenticationUser(name, password, "users")));
  }
}
