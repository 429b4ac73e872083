// Brings what is new while the page is looked at. Without this script, opening the page again does.
(() => {
  const every = 15000
  let version = document.querySelector("main").dataset.version
  let fresh = null // what is new, while somebody is writing

  const fields = (main) => [...main.querySelectorAll("textarea, input:not([type=hidden]), select")]
  const main = () => document.querySelector("main")
  const isWriting = () =>
    fields(main()).some((it) => it === document.activeElement || (it.tagName === "TEXTAREA" && it.value))

  const show = () => {
    const typed = new Map(fields(main()).map((it) => [it.id, it.value]))
    const open = [...main().querySelectorAll("details[open]")].map((it) => it.id)
    main().replaceWith(fresh)
    for (const it of fields(fresh)) if (typed.get(it.id)) it.value = typed.get(it.id)
    for (const it of fresh.querySelectorAll("details")) if (open.includes(it.id)) it.open = true
    fresh = null
  }

  const look = async () => {
    if (document.hidden) return
    try {
      const answer = await fetch(location.href, { headers: { "If-None-Match": version }, cache: "no-store" })
      if ([401, 403, 404].includes(answer.status) && !isWriting()) location.replace(location.pathname + location.search)
      if (answer.status !== 200) return
      const page = new DOMParser().parseFromString(await answer.text(), "text/html")
      const found = page.querySelector("main[data-version]")
      if (!found) return
      version = found.dataset.version
      fresh = document.adoptNode(found)
      if (!isWriting()) return show()
      const news = main().querySelector(".news")
      news.firstElementChild.textContent = fresh.dataset.news
      news.lastElementChild.onclick = show
      news.hidden = false
    } catch {} // offline, perhaps; the next look may do
  }

  setInterval(look, every)
  document.addEventListener("visibilitychange", look)
})()
