// Shows the shares that the typed weights promise, as they are typed, and that a replay is under way. The page works without it.
const form = document.querySelector("[data-weights]");

function percent(weight, total) {
  return total > 0 ? ((100 * weight) / total).toFixed(1) : "0.0";
}

function show() {
  const rows = [...form.querySelectorAll("tbody tr")].map((row) => {
    const typed = Number.parseFloat(row.querySelector("[data-weight]").value);
    return { row, weight: row.dataset.active && typed > 0 ? typed : 0 };
  });
  const total = rows.reduce((sum, each) => sum + each.weight, 0);
  for (const { row, weight } of rows) {
    const share = percent(weight, total);
    const cell = row.querySelector("[data-then]");
    cell.innerHTML = '<span class="office-share"><span class="office-bar" aria-hidden="true"><span></span></span><b></b></span>';
    cell.querySelector(".office-bar > span").style.width = `${share}%`;
    cell.querySelector("b").replaceWith(`${share} %`);
  }
}

function wait(event) {
  if (event.submitter?.name !== "preview") return;
  const busy = form.querySelector("[data-busy]");
  busy.textContent = "Replaying the launches of the last seven days … ";
  busy.append(document.createElement("progress"));
}

if (form) {
  form.addEventListener("input", show);
  form.addEventListener("submit", wait);
}
