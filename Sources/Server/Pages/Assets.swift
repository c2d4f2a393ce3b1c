import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import PlanReport

/// Style, script and icon: the only things a page loads, all from this server.
enum Assets {
    static let style = frame + PlanReport.style

    private static let frame = """
        :root{color-scheme:light dark;--bg:#fbfbfa;--panel:#fff;--ink:#1c2024;--soft:#60686f;--line:#dfe2e4;--accent:#0b5f8a;--good:#1b7f4d;
        --busy:#0b66a8;--wait:#7b828a;--warn:#9a6200;--bad:#b3261e;--bar:#c9dbe6}
        @media(prefers-color-scheme:dark){:root{--bg:#14171a;--panel:#1b1f23;--ink:#e6e8ea;--soft:#98a1a9;--line:#2d3338;--accent:#6db8e0;
        --good:#5cc48e;--busy:#66b0e6;--wait:#8d969e;--warn:#d9a441;--bad:#ef7b72;--bar:#2f4553}}
        *{box-sizing:border-box}
        html{font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;background:var(--bg);color:var(--ink)}
        body{margin:0}
        a{color:var(--accent);text-underline-offset:2px}
        a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
        .skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--panel);padding:4px 8px}
        header{display:flex;flex-wrap:wrap;gap:4px 20px;align-items:baseline;padding:12px 20px;border-bottom:1px solid var(--line);background:var(--panel)}
        header .name{font-weight:650;letter-spacing:.01em;text-decoration:none;color:var(--ink);font-size:17px}
        header nav{display:flex;gap:16px}header nav a{text-decoration:none}header nav a[aria-current]{color:var(--ink);font-weight:600}
        header .clock{margin-left:auto;color:var(--soft);font-variant-numeric:tabular-nums}
        main{max-width:1180px;margin:0 auto;padding:20px;display:grid;gap:20px;grid-template-columns:minmax(0,1fr)}
        section{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:14px 16px;min-width:0}
        h1{font-size:20px;font-weight:650;margin:0}h2{font-size:14px;font-weight:650;margin:0 0 10px}
        h2 .n{color:var(--soft);font-weight:400;margin-left:6px}
        p{margin:0 0 8px}p:last-child{margin-bottom:0}.soft{color:var(--soft)}.scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:14px}
        th{text-align:left;font-weight:500;color:var(--soft);font-size:12.5px;padding:3px 14px 5px 0;border-bottom:1px solid var(--line);white-space:nowrap}
        td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}tr:last-child td{border-bottom:0}
        td.t,th.t,.num{font-variant-numeric:tabular-nums;white-space:nowrap}td.r,th.r{text-align:right}
        code,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace;font-size:.92em;overflow-wrap:anywhere}
        .state{white-space:nowrap}.state::before{content:"";display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:6px;background:var(--wait)}
        .state.good::before{background:var(--good)}.state.busy::before{background:var(--busy)}.state.warn::before{background:var(--warn);border-radius:50%}
        .state.bad::before{background:var(--bad);border-radius:50%}
        .cols{display:grid;gap:20px;grid-template-columns:repeat(auto-fit,minmax(320px,1fr))}
        svg{display:block;width:100%;height:auto}svg.chart{height:96px}svg.strip{height:14px;min-width:140px}svg.stack{height:16px;border-radius:3px;margin-bottom:10px}
        .f-good{fill:var(--good)}.f-busy{fill:var(--busy)}.f-wait{fill:var(--wait)}.f-warn{fill:var(--warn)}.f-bad{fill:var(--bad)}.f-bar{fill:var(--busy)}
        .f-track{fill:var(--line)}.f-now{fill:var(--ink)}
        dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 18px;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
        .facts{display:flex;flex-wrap:wrap;gap:6px 32px}.facts div{min-width:84px}.facts b{display:block;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}
        .facts span{color:var(--soft);font-size:13px}
        ol.story{list-style:none;margin:0;padding:0}ol.story li{display:grid;grid-template-columns:150px 165px minmax(0,1fr);gap:4px 14px;padding:6px 0;border-bottom:1px solid var(--line)}
        ol.story li:last-child{border:0}
        form.card{max-width:420px;margin:8vh auto 0;background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:24px}
        .card h1{margin-bottom:12px}.card p{margin-bottom:14px}
        label{display:block;font-weight:550;margin-bottom:6px}
        input{font:inherit;width:100%;padding:10px 12px;border:1px solid var(--line);border-radius:5px;background:var(--bg);color:var(--ink)}
        input.code{font-size:26px;letter-spacing:.2em;text-align:center;font-variant-numeric:tabular-nums}
        button{font:inherit;font-weight:600;margin-top:14px;padding:10px 18px;border:0;border-radius:5px;background:var(--accent);color:var(--bg);cursor:pointer}
        .quiet button,button.quiet{all:unset;color:var(--accent);cursor:pointer}
        .note{border-left:3px solid var(--warn);padding:6px 12px;margin-bottom:14px}.note.bad{border-color:var(--bad)}.note.good{border-color:var(--good)}
        footer{max-width:1180px;margin:0 auto;padding:0 20px 28px;color:var(--soft);font-size:13px}
        .stale{color:var(--warn)}
        @media(max-width:640px){main{padding:12px;gap:12px}section{padding:12px}header{padding:10px 12px}ol.story li{grid-template-columns:1fr}}
        @media print{header nav,footer{display:none}section{break-inside:avoid}}

        """

    /// Fetches the page's own sections every two seconds and puts in those that changed. Without it the page is complete, and a reload renews it.
    static let script = """
        "use strict";
        (() => {
          const main = document.querySelector("[data-live]");
          if (!main) return;
          const mark = document.getElementById("fresh");
          const say = (text, stale) => { if (mark) { mark.textContent = text; mark.className = stale ? "stale" : ""; } };
          let wait = 2000;
          const tick = async () => {
            if (!document.hidden) {
              try {
                const answer = await fetch(main.dataset.live, { credentials: "same-origin" });
                if (answer.status === 401) { location.reload(); return; }
                if (!answer.ok) throw new Error(String(answer.status));
                const box = document.createElement("template");
                box.innerHTML = await answer.text();
                for (const part of box.content.querySelectorAll("[id]")) {
                  const old = document.getElementById(part.id);
                  if (!old && part.tagName === "SECTION") main.append(part);
                  else if (old && old.outerHTML !== part.outerHTML && !old.contains(document.activeElement)) old.replaceWith(part);
                }
                wait = 2000;
                say("live", false);
              } catch {
                wait = Math.min(wait * 2, 30000);
                say("not reachable; the last state is shown", true);
              }
            }
            setTimeout(tick, wait);
          };
          setTimeout(tick, wait);
        })();
        """

    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b5f8a"/>\
        <path d="M7 20 18 9l3 3-11 11zM20 20l4-4 2 2-4 4z" fill="#fff"/></svg>
        """

    /// Changes whenever an asset does, so that a browser may keep them.
    static let version = String(
        SHA256.hash(data: Data((style + script + icon).utf8)).prefix(6).map { String($0, radix: 16) }.joined())

    static func register(on router: Router<RelevoContext>) {
        for (name, type, text) in [
            ("relevo.css", "text/css; charset=utf-8", style), ("relevo.js", "text/javascript; charset=utf-8", script),
            ("relevo.svg", "image/svg+xml", icon),
        ] {
            router.get(RouterPath("/assets/\(name)")) { _, _ in
                var response = Response.text(text, type: type)
                response.headers[.cacheControl] = "public, max-age=86400"
                return response
            }
        }
    }
}
