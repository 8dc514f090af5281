# SPDX-License-Identifier: MIT
#
# The heater's controller: switches on below 20.5 C, off above 21.5 C, and keeps the heater as it is in between.
#
#   controller                plant
#       | R                     |   ready, send temperatures now
#       | --------------------> |
#       |             T 20437   |   temperature in milli-degrees
#       | <-------------------- |
#       | H 1 U 12.34           |   heater 0 or 1; the guest's own clock (/proc/uptime, seconds, 10 ms resolution)
#       | --------------------> |
#       |             Q         |   the end: the guest powers off
#       | <-------------------- |
setpoint=21000   # milli-degrees
hysteresis=500

exec 3<>/dev/ttyS1
stty raw -echo <&3

heater=0
echo 'controller: ready'
echo R >&3
while read -r kind value <&3; do
  case $kind in
    T)
      if [ "$value" -lt $((setpoint - hysteresis)) ]; then
        heater=1
      elif [ "$value" -gt $((setpoint + hysteresis)) ]; then
        heater=0
      fi
      read -r uptime idle </proc/uptime
      echo "H $heater U $uptime" >&3
      ;;
    Q) poweroff -f ;;
    *) echo "controller: what is '$kind'?" ;;
  esac
done
