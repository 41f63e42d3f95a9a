# A client of Net::Stomp with its own failover: traffic.pl PRIMARY_PORT REPLICA_PORT produce|consume DESTINATION
# Says in a JSON object a line what was confirmed, and what arrived. Ends with its input.

use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Net::Stomp;

$| = 1;
my ($primary_port, $replica_port, $role, $destination) = @ARGV;
my $input = IO::Select->new(\*STDIN);
my $json = JSON::PP->new->canonical;

my $client = Net::Stomp->new({
    failover => "failover:(tcp://127.0.0.1:$primary_port,tcp://127.0.0.1:$replica_port)?randomize=false",
    connect_delay => 1,
    timeout => 1,
});
$client->connect({});

sub is_stopping { return $input->can_read(0) }

sub produce {
    my ($number, $attempt) = (0, 1);
    until (is_stopping()) {
        my $sending = { producer => "perl", number => $number + 0, attempt => $attempt + 0 };
        my $is_confirmed = eval {
            $client->send_with_receipt({
                destination => $destination,
                body => "message $number",
                persistent => "true",
                (map { ("x-$_" => "$sending->{$_}") } keys %$sending),
            });
        };
        if ($is_confirmed) {
            print $json->encode({ confirmed => [$sending] }), "\n";
            ($number, $attempt) = ($number + 1, 1);
        }
        else { $attempt += 1 }
    }
    print $json->encode({ stopped => JSON::PP::true }), "\n";
}

sub consume {
    $client->subscribe({ destination => $destination, ack => "client", id => "1" });
    until (is_stopping()) {
        my $frame = $client->receive_frame({ timeout => 1 }) or next;
        next unless $frame->command eq "MESSAGE";
        print $json->encode({ headers => { %{ $frame->headers } } }), "\n";
        $client->ack({ frame => $frame });
    }
}

$role eq "produce" ? produce() : consume();
