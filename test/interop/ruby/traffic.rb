# A client of the stomp gem with its own failover: traffic.rb PRIMARY_PORT REPLICA_PORT produce|consume DESTINATION
# Says in a JSON object a line what was confirmed, and what arrived. Ends with its input.

require "json"
require "stomp"
require "timeout"

$stdout.sync = true
primary_port, replica_port, role, destination = ARGV
stopping = false

client = Stomp::Client.new(
  hosts: [primary_port, replica_port].map { |port| { host: "127.0.0.1", port: port.to_i } },
  # Without closed_check a call made while it connects again waits, instead of raising an error.
  reliable: true, randomize: false, closed_check: false,
  initial_reconnect_delay: 0.01, max_reconnect_delay: 0.25,
  max_reconnect_attempts: 0, connect_headers: { "accept-version" => "1.1,1.2", "host" => "localhost" },
  logger: Stomp::NullLogger.new)

produce = lambda do
  number = 0
  attempt = 1
  until stopping
    sending = { producer: "ruby", number: number, attempt: attempt }
    labels = sending.to_h { |key, value| ["x-#{key}", value.to_s] }
    confirmed = Queue.new
    client.publish(destination, "message #{number}", labels.merge(persistent: true)) { confirmed << true }
    begin
      Timeout.timeout(1) { confirmed.pop }
      puts JSON.generate(confirmed: [sending])
      number += 1
      attempt = 1
    rescue Timeout::Error
      # The gem connects again, but does not send again what had no receipt yet.
      attempt += 1
    end
  end
  puts JSON.generate(stopped: true)
end

consume = lambda do
  client.subscribe(destination, { ack: "client-individual", id: "1" }) do |message|
    puts JSON.generate(headers: message.headers)
    client.acknowledge(message)
  end
end

Thread.new { role == "produce" ? produce.call : consume.call }.abort_on_exception = true
$stdin.each_line { stopping = true }
