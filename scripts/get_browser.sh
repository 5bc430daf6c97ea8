#!/usr/bin/env bash
# Debian's Chromium and a Chinese font for the end-to-end test: installed where missing and possible, else said loudly.
has_browser() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }
has_font() { command -v fc-list >/dev/null && fc-list :lang=zh | grep -q .; }

has_browser && has_font && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  scripts/step.sh "Chromium" sh -c 'apt-get update && apt-get install -y --no-install-recommends chromium fonts-noto-cjk' && exit 0
fi
has_browser || printf '\n!!!! No Chromium on this machine: THE END-TO-END TEST WILL BE SKIPPED.\n' >&2
has_font || printf '\n!!!! No Chinese font on this machine: pages in screenshots show boxes.\n' >&2
printf '!!!! Install them: sudo apt-get install chromium fonts-noto-cjk\n\n' >&2
