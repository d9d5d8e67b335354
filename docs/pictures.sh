#!/bin/sh
# The README's pictures, of the demonstration's phantoms alone: a real sixel terminal (xterm as a VT340) on a
# display in memory. Needs Xvfb, xterm, xdotool and ImageMagick.
# Usage: docs/pictures.sh PROGRAM FOLDER
set -eu
program=$(realpath "$1") folder=$(realpath "$2") display=:97
home=$(mktemp -d)
Xvfb $display -screen 0 1280x800x24 >/dev/null 2>&1 &
server=$!
terminal=
trap 'kill $terminal $server 2>/dev/null; rm -rf "$home"' EXIT
export DISPLAY=$display HOME="$home" XDG_CONFIG_HOME="$home" XDG_DATA_HOME="$home" COLORTERM=truecolor
unset TMUX NO_COLOR CXR_TRIAGE_CONFIG || true
sleep 1

# Opens a terminal of 1280 x 800 with a command in it.
open() {
    xterm -ti vt340 -tn xterm-256color -fa "DejaVu Sans Mono" -fs 10 -geometry 158x47+0+0 -bw 0 -b 0 \
        -xrm 'XTerm*numColorRegisters: 256' -xrm 'XTerm*background: black' -xrm 'XTerm*foreground: grey90' \
        -e "$@" >/dev/null 2>&1 &
    terminal=$!
}
close() {
    kill "$terminal" 2>/dev/null || true
    wait "$terminal" 2>/dev/null || true
    terminal=
}
press() {
    for key in "$@"; do
        xdotool key "$key"
        sleep 0.4
    done
    sleep 2
}
picture() { import -window root -strip "$folder/$1.png"; }

open "$program" demo --every 1s --films 24
sleep "${CXR_TRIAGE_WAIT:-50}"
press Home
picture dashboard
press question
picture help
press Escape t Down Left Left Left Left
picture workbench
press Escape Escape o
picture shift
press Escape C
picture columns
press Escape colon s o r t
picture palette
press Escape slash b a n d colon u
picture filter
press Escape n
picture notes
press Escape Return v
picture side-by-side
press v w
picture contours
close

open "$program" demo --every 1s --films 24 --theme light
sleep "${CXR_TRIAGE_WAIT:-50}"
press Home
picture light
close
