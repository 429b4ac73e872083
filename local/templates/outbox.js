// Asks twice a second whether there is more, and shows it.
const shown = Number(document.body.dataset.count);
setInterval(async () => {
  try {
    const now = await (await fetch("/outbox.json")).json();
    const reading = document.querySelector("details[open]"); // it would close
    if (now.length !== shown && !reading) location.reload();
    else if (now.length !== shown) document.getElementById("state").textContent = "More has left: reload.";
  } catch { document.getElementById("state").textContent = "The local stage has stopped."; }
}, 500);
