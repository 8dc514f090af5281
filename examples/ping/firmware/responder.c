// SPDX-License-Identifier: MIT
//
// The other computer: a network card and as much of IPv4 as it takes to be pinged. It has the address 10.0.0.2, answers
// who asks for that by ARP (RFC 826), and every ICMP echo request (RFC 792) with the same bytes as reply. All else, and
// what is damaged, it leaves unanswered.
#include "network.h"

enum { ethertype_at = 12, ethertype_ipv4 = 0x0800, ethertype_arp = 0x0806 };

// Within an ARP packet for Ethernet and IPv4.
enum {
  arp_hardware = 0,
  arp_protocol = 2,
  arp_lengths = 4,
  arp_operation = 6,
  arp_sender = 8,
  arp_sender_ip = 14,
  arp_target = 18,
  arp_target_ip = 24,
  arp_size = 28
};
enum { arp_ethernet = 1, arp_lengths_6_and_4 = 0x0604, arp_request = 1, arp_reply = 2 };

// Within an IPv4 header (RFC 791).
enum {
  ip_version = 0,
  ip_length = 2,
  ip_fragment = 6,
  ip_ttl = 8,
  ip_protocol = 9,
  ip_checksum = 10,
  ip_source = 12,
  ip_destination = 16,
  ip_least_header = 20
};
enum { ip_fragment_bits = 0x3fff, ip_icmp = 1, own_ttl = 64 };

// Within an ICMP message.
enum { icmp_type = 0, icmp_code = 1, icmp_checksum = 2, icmp_header = 8 };
enum { icmp_echo_reply = 0, icmp_echo_request = 8 };

enum { ip_size = 4 };
static const uint8_t own_ip[ip_size] = {10, 0, 0, 2};

static unsigned get16(const uint8_t* at) { return (unsigned)at[0] << 8 | at[1]; }
static void put16(uint8_t* at, unsigned value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}
static void copy(uint8_t* to, const uint8_t* from, unsigned size) {
  for (unsigned i = 0; i < size; ++i) {
    to[i] = from[i];
  }
}
static int is_own_ip(const uint8_t* at) {
  for (unsigned i = 0; i < ip_size; ++i) {
    if (at[i] != own_ip[i]) {
      return 0;
    }
  }
  return 1;
}

// The internet checksum (RFC 1071); 0 over what has its own in it and is whole.
static unsigned checksum(const uint8_t* bytes, unsigned size) {
  uint32_t sum = 0;
  for (unsigned i = 0; i + 1 < size; i += 2) {
    sum += get16(bytes + i);
  }
  if (size % 2 != 0) {
    sum += (uint32_t)bytes[size - 1] << 8;
  }
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return ~sum & 0xffff;
}

static void send_back(struct frame frame) {
  copy(frame.bytes, frame.bytes + address_size, address_size);
  copy(frame.bytes + address_size, network_address(), address_size);
  network_send(frame);
}

static void answer_arp(struct frame frame) {
  uint8_t* packet = frame.bytes + ethernet_header;
  if (frame.size < ethernet_header + arp_size || get16(packet + arp_hardware) != arp_ethernet ||
      get16(packet + arp_protocol) != ethertype_ipv4 || get16(packet + arp_lengths) != arp_lengths_6_and_4 ||
      get16(packet + arp_operation) != arp_request || !is_own_ip(packet + arp_target_ip)) {
    return;
  }
  put16(packet + arp_operation, arp_reply);
  copy(packet + arp_target, packet + arp_sender, address_size + ip_size);
  copy(packet + arp_sender, network_address(), address_size);
  copy(packet + arp_sender_ip, own_ip, ip_size);
  send_back(frame);
}

static void answer_echo(struct frame frame) {
  uint8_t* packet = frame.bytes + ethernet_header;
  const unsigned room = frame.size - ethernet_header;
  if (room < ip_least_header) {
    return;
  }
  const unsigned header = (packet[ip_version] & 0x0fU) * 4;
  const unsigned length = get16(packet + ip_length);
  if (packet[ip_version] >> 4 != 4 || header < ip_least_header || length < header + icmp_header || length > room ||
      checksum(packet, header) != 0 || (get16(packet + ip_fragment) & ip_fragment_bits) != 0 ||
      packet[ip_protocol] != ip_icmp || !is_own_ip(packet + ip_destination)) {
    return;
  }
  uint8_t* message = packet + header;
  if (message[icmp_type] != icmp_echo_request || message[icmp_code] != 0 || checksum(message, length - header) != 0) {
    return;
  }
  message[icmp_type] = icmp_echo_reply;
  put16(message + icmp_checksum, 0);
  put16(message + icmp_checksum, checksum(message, length - header));
  copy(packet + ip_destination, packet + ip_source, ip_size);
  copy(packet + ip_source, own_ip, ip_size);
  packet[ip_ttl] = own_ttl;
  put16(packet + ip_checksum, 0);
  put16(packet + ip_checksum, checksum(packet, header));
  send_back(frame);
}

int main(void) {
  network_start();
  for (;;) {
    const struct frame frame = network_receive();
    if (frame.size < ethernet_header) {
      continue;
    }
    switch (get16(frame.bytes + ethertype_at)) {
      case ethertype_arp: answer_arp(frame); break;
      case ethertype_ipv4: answer_echo(frame); break;
      default: break;
    }
  }
}
