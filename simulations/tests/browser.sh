#!/bin/sh
# The page that plays a run, in a real browser: its script runs, it plays, and the keys do what it says.
# The report has its drawings. Needs chromium (BROWSER names another of its kind). Not among the quick tests.
set -eu
cd "$(dirname "$0")/../.."
browser=${BROWSER:-chromium}
command -v "$browser" > /dev/null || { echo "skipped: no $browser here"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo run --quiet -p hedgerow-simulations --example made_up_result -- "$work/result" 2 > "$work/summary"
cargo run --quiet -p hedgerow-simulations --bin hedgerow-sim -- view "$work/result" --seed 2 -o "$work/view.html" > "$work/said"
cargo run --quiet -p hedgerow-simulations --bin hedgerow-sim -- report "$work/result" -o "$work/report.html" > "$work/said"

# Keeps the page as it is after this script has run in it, and some seconds have gone by.
after() {
    { cat "$1"; echo "<script>{ $3 }</script>"; } > "$work/tried.html"
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/browser" \
        --enable-logging=stderr --window-size=1366,768 --virtual-time-budget=5000 --dump-dom "file://$work/tried.html#$2" > "$work/page" 2> "$work/log"
    if grep CONSOLE "$work/log"; then
        echo "failed: the page complains"
        exit 1
    fi
}
# Says what was tried, and whether the page then has this.
expect() {
    after "$2" "$3" "$4"
    if grep -qE "$5" "$work/page"; then
        echo "holds: $1"
    else
        echo "failed: $1"
        exit 1
    fi
}
press() {
    echo "document.dispatchEvent(new KeyboardEvent('keydown', { key: '$1' }));"
}
# Without a screen a browser paints when it likes: frames come by the clock instead, fifty a second.
frames="let now = performance.now();
    window.requestAnimationFrame = (step) => setTimeout(() => step(now += 20), 20);"
page=$work/view.html

expect "the script runs to its end" "$page" "" "" 'data-ready="yes"'
expect "it plays by itself" "$page" "" "" 'id="play">Pause<'
expect "it opens at a moment" "$page" "at=3600" "" '1:00:00 of 3:00:00 h'
expect "messages are delivered by then" "$page" "at=3600" "" '[1-9][0-9]* of 41 messages delivered'
expect "a message can be chosen" "$page" "at=3600&message=5" "" 'held by [0-9]+ devices? · delivered'
expect "a message is not written before its time" "$page" "at=3600&message=100" "$(press Home)" 'not written yet'
expect "it plays" "$page" "at=0" "$frames document.getElementById('play').click();" '0:0[1-9]:[0-9]{2} of 3:00:00'
expect "the space bar plays" "$page" "at=0" "$frames $(press ' ')" '0:0[1-9]:[0-9]{2} of 3:00:00'
expect "it stops at the end" "$page" "at=10799" "$frames $(press ' ')" 'id="play">Play<'
expect "an arrow moves in time" "$page" "at=0" "$(press ArrowRight)" '0:01:48 of'
expect "a button goes to the beginning" "$page" "at=3600" "document.getElementById('beginning').click();" '>0:00:00 of'
expect "m goes to the next meeting" "$page" "at=3600" "$(press m)
    document.body.dataset.met = tick > 36000 && meetings.includes(tick) ? 'yes' : 'no';" 'data-met="yes"'
# The picture is a square of a kilometre: the bar is as long as what it says, from near and from far.
expect "the bar of the scale is right" "$page" "at=0" "
    let right = true;
    for (const closer of [1, 2, 4, 1.3]) {
        zoom(closer);
        const [label, bar] = document.getElementById('scale').children;
        const metres = parseFloat(label.textContent) * (label.textContent.includes('km') ? 1000 : 1);
        const pixels = across(metres / run.width_m) - across(0);
        if (Math.abs(pixels - bar.getBoundingClientRect().width) > 1 || pixels > 160) right = false;
    }
    document.body.dataset.scale = right ? 'right' : 'wrong';" 'data-scale="right"'
expect "n chooses the first message" "$page" "at=0" "$(press n)" 'held by [0-9]+ devices? · under way'
expect "it is drawn" "$page" "at=3600" "
    const shown = document.getElementById('picture');
    const dots = shown.getContext('2d').getImageData(0, 0, shown.width, shown.height).data;
    const colours = new Set();
    for (let at = 0; at < dots.length; at += 4) colours.add(dots.slice(at, at + 3).join());
    document.body.dataset.colours = colours.size > 5 ? 'many' : 'few';" 'data-colours="many"'
expect "it fits a laptop without scrolling" "$page" "at=0" "
    document.body.dataset.fits = document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth ? 'yes' : 'no';" 'data-fits="yes"'
expect "nothing is wider than a telephone" "$page" "" "
    document.body.style.width = '320px';
    document.body.dataset.wide = document.getElementById('controls').scrollWidth > 320 ? 'yes' : 'no';" 'data-wide="no"'
expect "a report has its drawings" "$work/report.html" "" "
    document.body.dataset.drawings = document.querySelectorAll('figure svg text').length > 60 ? 'yes' : 'no';" 'data-drawings="yes"'
