# SPDX-License-Identifier: MIT
# Draws folder/heated_room.{svg,png} from folder/heated_room.csv. `folder`, `title` and `bound` (ms) are given by -e.
csv = folder . '/heated_room.csv'
set datafile separator ','
stats csv using 1 every ::1 nooutput
began = STATS_min - 1
ended = STATS_max

do for [kind in 'svg png'] {
  if (kind eq 'svg') {
    set terminal svg size 1000,1100 font 'sans-serif,13' background rgb 'white'
  } else {
    set terminal pngcairo size 1000,1100 font 'sans-serif,11' background rgb 'white'
  }
  set output folder . '/heated_room.' . kind
  set multiplot layout 4,1 margins 0.09,0.97,0.06,0.95 spacing 0,0.075 \
    title title
  set xrange [began:ended]
  set grid lc rgb '#dddddd'
  set border 3
  set tics nomirror
  set key inside top right horizontal

  set ylabel 'temperature, °C' offset 1
  set key at graph 0.99, graph 0.53
  plot 20.5 lc rgb '#bbbbbb' dt 2 title 'switching thresholds', 21.5 lc rgb '#bbbbbb' dt 2 notitle, \
    csv using 1:6 every ::1 with lines lw 2 lc rgb '#c0392b' title 'room', \
    csv using 1:7 every ::1 with lines lw 2 lc rgb '#8d6e63' title 'walls', \
    csv using 1:8 every ::1 with lines lw 2 lc rgb '#2980b9' title 'outside'

  set ylabel 'heater' offset 1
  set key inside top right
  set yrange [-0.1:1.3]
  set ytics ('off' 0, 'on' 1)
  plot csv using 1:9 every ::1 with fillsteps fc rgb '#f5b7b1' notitle, \
    csv using 1:9 every ::1 with steps lw 1.5 lc rgb '#c0392b' title 'as the guest answered'
  set yrange [*:*]
  set ytics auto

  set ylabel 'clock, s' offset 1
  set key inside top left
  plot csv using 1:1 every ::1 with lines lw 5 lc rgb '#aed6f1' title "simulator's time", \
    csv using 1:2 every ::1 with lines lw 1.5 lc rgb '#1a5276' title "guest's uptime (starts with its software)"

  set key inside top right
  set xlabel 'virtual time, s' offset 0,0.5
  set ylabel 'clocks differ, ms' offset 1
  set yrange [-1.5 * bound : 1.5 * bound]
  plot bound lc rgb '#7f8c8d' dt 2 title sprintf('bound, %g ms', bound), -bound lc rgb '#7f8c8d' dt 2 notitle, \
    csv using 1:3 every ::1 with points pt 7 ps 0.4 lc rgb '#1a5276' title 'against the first sample'
  set yrange [*:*]
  unset xlabel
  unset multiplot
}
set output
