import Mustache

/// The pages' templates; lines of markup may be long, since a break would show. `{{name}}` escapes for HTML; `{{{name}}}` stands only where Relevo itself made the markup.
enum PageTemplates {
    static let layout = """
        <!doctype html>
        <html lang="{{language}}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        {{#refresh}}<meta http-equiv="refresh" content="{{refresh}}">{{/refresh}}
        <title>{{title}}</title>
        <link rel="stylesheet" href="/assets/relevo.css?{{assets}}">
        <link rel="icon" href="/assets/relevo.svg?{{assets}}">
        </head>
        <body>
        {{{body}}}
        {{#script}}<script src="/assets/relevo.js?{{assets}}" defer></script>{{/script}}
        </body>
        </html>
        """

    /// The frame of the operators' pages.
    static let frame = """
        <a class="skip" href="#main">Skip to content</a>
        <header>
        <a class="name" href="/">Relevo</a>
        <nav aria-label="Pages">
        <a href="/"{{#onOverview}} aria-current="page"{{/onOverview}}>Overview</a>
        <a href="/numbers"{{#onNumbers}} aria-current="page"{{/onNumbers}}>Numbers</a>
        <a href="/plan"{{#onPlan}} aria-current="page"{{/onPlan}}>Plan</a>
        <a href="/rebuilds"{{#onRebuilds}} aria-current="page"{{/onRebuilds}}>Rebuilds</a>
        {{#who}}<form class="quiet" method="post" action="/logout"><button>Log out {{who}}</button></form>{{/who}}
        </nav>
        <span class="clock" id="clock">{{clock}} UTC</span>
        </header>
        <main id="main"{{#live}} data-live="{{live}}"{{/live}}>
        {{{content}}}
        </main>
        <footer>Times are UTC. <span id="fresh"></span></footer>
        """

    static let overview = """
        <section id="fleet">
        <h2>Fleet<span class="n">{{total}}{{#plan}}, <a href="/plans/{{plan}}">plan {{plan}}</a>{{/plan}}</span></h2>
        {{^states}}<p class="soft">No plan is armed yet. <code>relevo plan create</code>, <code>approve</code> and <code>arm</code> set numbers on their way.</p>{{/states}}
        {{{stack}}}
        {{#hasStates}}<div class="cols"><div class="scroll"><table>
        <thead><tr><th>State</th><th class="r">Numbers</th><th class="r">Share</th></tr></thead><tbody>
        {{#states}}<tr><td><a class="state {{kind}}" href="/numbers?state={{key}}">{{name}}</a></td><td class="r num">{{count}}</td><td class="r num">{{share}}</td></tr>
        {{/states}}</tbody></table></div>
        <div class="scroll"><table>
        <thead><tr><th>Wave</th><th class="r">Done</th><th class="r">Of</th><th>First cut-over</th><th>Last ends</th><th></th></tr></thead><tbody>
        {{#waves}}<tr><td class="num">{{wave}}</td><td class="r num">{{done}}</td><td class="r num">{{count}}</td><td class="t">{{first}}</td><td class="t">{{last}}</td><td>{{#note}}<span class="state warn">{{note}}</span>{{/note}}</td></tr>
        {{/waves}}</tbody></table></div></div>{{/hasStates}}
        {{#templates}}<p class="soft">{{templates}}</p>{{/templates}}
        </section>
        <section id="attention">
        <h2>Needs a person<span class="n">{{attentionCount}}</span></h2>
        {{^attention}}<p class="soft">Nothing waits for a person.</p>{{/attention}}
        {{#hasAttention}}<div class="scroll"><table><thead><tr><th>What</th><th>Which</th><th>Why</th></tr></thead><tbody>
        {{#attention}}<tr><td>{{kind}}</td><td><a href="{{path}}">{{subject}}</a></td><td>{{reason}}</td></tr>
        {{/attention}}</tbody></table></div>{{/hasAttention}}
        </section>
        <section id="windows">
        <h2>Windows ahead<span class="n">next {{windowCount}} tasks</span></h2>
        {{^windows}}<p class="soft">Nothing is planned from here on.</p>{{/windows}}
        {{#hasWindows}}<div class="scroll"><table><thead><tr><th>Starts</th><th></th><th>Task</th><th>Row</th><th>Client</th><th class="r">Wave</th><th>Operator</th><th>State</th><th>When</th></tr></thead><tbody>
        {{#windows}}<tr><td class="t">{{start}}</td><td class="t soft">{{relative}}</td><td>{{task}}</td><td>{{#path}}<a href="{{path}}">{{row}}</a>{{/path}}{{^path}}<span class="mono">{{row}}</span>{{/path}}</td><td>{{client}}</td><td class="r num">{{wave}}</td><td>{{person}}</td><td><span class="state {{kind}}">{{state}}</span></td><td>{{{strip}}}</td></tr>
        {{/windows}}</tbody></table></div>{{/hasWindows}}
        </section>
        <section id="messages">
        <h2>Messages per minute<span class="n">last 60 minutes</span></h2>
        {{{chart}}}
        <p class="num">{{messagesHour}} handed in, {{peak}} in the busiest minute, {{failedHour}} failed.</p>
        {{#hasMessages}}<p class="soft num">{{#messageStates}}<span class="state {{kind}}">{{name}} {{count}}</span> &nbsp; {{/messageStates}}</p>{{/hasMessages}}
        </section>
        {{#hasRebuilds}}<section id="rebuilds"><h2>Rebuilds</h2><div class="scroll"><table>
        <thead><tr><th>Template</th><th>Number</th><th>State</th><th>Quality</th><th class="r">Day</th><th class="r">Sent</th><th class="r">Of</th><th>Next step</th></tr></thead><tbody>
        {{#rebuilds}}<tr><td><a href="{{path}}">{{template}}</a></td><td class="mono">{{number}}</td><td><span class="state {{kind}}">{{state}}</span></td><td>{{quality}}</td><td class="r num">{{step}}</td><td class="r num">{{sent}}</td><td class="r num">{{recipients}}</td><td class="t">{{next}}</td></tr>
        {{/rebuilds}}</tbody></table></div></section>{{/hasRebuilds}}
        """

    static let numbers = """
        <section id="numbers"><h2>Numbers{{#filter}}<span class="n">{{filter}}</span>{{/filter}}</h2>
        {{^rows}}<p class="soft">No number here.</p>{{/rows}}
        {{#hasRows}}<div class="scroll"><table><thead><tr><th>Row</th><th>Client</th><th>Number</th><th class="r">Wave</th><th>State</th><th>Cut-over</th><th>Reason</th></tr></thead><tbody>
        {{#rows}}<tr><td><a href="{{path}}">{{ref}}</a></td><td>{{client}}</td><td class="num">{{number}}</td><td class="r num">{{wave}}</td><td><span class="state {{kind}}">{{state}}</span></td><td class="t">{{cutover}}</td><td>{{reason}}</td></tr>
        {{/rows}}</tbody></table></div>{{/hasRows}}
        {{#next}}<p><a href="{{next}}" rel="next">Next page</a></p>{{/next}}</section>
        """

    static let number = """
        <section id="number"><h1>{{ref}} <span class="state {{kind}}">{{state}}</span></h1>
        {{#reason}}<p class="note{{#bad}} bad{{/bad}}">{{reason}}</p>{{/reason}}
        <dl>{{#facts}}<dt>{{name}}</dt><dd class="num">{{value}}</dd>{{/facts}}</dl></section>
        {{#hasWhy}}<section id="why"><h2>Why it stands where it stands</h2>{{#why}}<p>{{line}}</p>{{/why}}</section>{{/hasWhy}}
        {{#hasFindings}}<section id="findings"><h2>What has to be put right</h2><div class="scroll"><table><thead><tr><th>Check</th><th>Found</th><th>Do</th></tr></thead><tbody>
        {{#findings}}<tr><td class="mono">{{code}}</td><td>{{message}}</td><td>{{remedy}}</td></tr>{{/findings}}</tbody></table></div></section>{{/hasFindings}}
        <section id="story"><h2>Story</h2><ol class="story">
        {{#lines}}<li><time class="num">{{at}}</time><span class="state {{kind}}">{{state}}</span><span>{{message}}{{#actor}} <span class="soft">by {{actor}}</span>{{/actor}}</span></li>
        {{/lines}}</ol></section>
        {{#hasCalls}}<section id="register"><h2>Calls of register</h2><div class="scroll"><table><thead><tr><th>Called</th><th>Outcome</th></tr></thead><tbody>
        {{#calls}}<tr><td class="t">{{at}}</td><td>{{outcome}}</td></tr>{{/calls}}</tbody></table></div></section>{{/hasCalls}}
        {{#hasMessages}}<section id="sent"><h2>Messages from this number<span class="n">newest first</span></h2><div class="scroll"><table><thead><tr><th>Handed in</th><th>To</th><th>Kind</th><th>State</th><th>Reason</th></tr></thead><tbody>
        {{#messages}}<tr><td class="t"><a href="{{path}}">{{at}}</a></td><td class="num">{{to}}</td><td>{{what}}</td><td><span class="state {{kind}}">{{state}}</span></td><td>{{reason}}</td></tr>
        {{/messages}}</tbody></table></div></section>{{/hasMessages}}
        """

    static let message = """
        <section id="message"><h1>Message <span class="state {{kind}}">{{state}}</span></h1>
        {{#reason}}<p class="note{{#bad}} bad{{/bad}}">{{reason}}</p>{{/reason}}
        <dl>{{#facts}}<dt>{{name}}</dt><dd class="num">{{value}}</dd>{{/facts}}</dl></section>
        {{#hasWhy}}<section id="why"><h2>Why it stands where it stands</h2>{{#why}}<p>{{line}}</p>{{/why}}</section>{{/hasWhy}}
        <section id="story"><h2>What happened</h2><ol class="story">
        {{#lines}}<li><time class="num">{{at}}</time><span class="state {{kind}}">{{state}}</span><span>{{message}}</span></li>
        {{/lines}}</ol></section>
        """
    static let plan = """
        <section id="plan"><h1>{{title}}{{^title}}Plan{{/title}}</h1>
        {{^title}}<p class="soft">There is no plan yet: <code>relevo plan create</code> makes one of the stored fleet.</p>{{/title}}
        {{#title}}<p><span class="state {{kind}}">{{state}}</span>{{#previous}} &nbsp; made from <a href="/plans/{{previous}}">plan {{previous}}</a>{{/previous}}</p>
        <dl>{{#facts}}<dt>{{name}}</dt><dd class="num">{{value}}</dd>{{/facts}}</dl>{{/title}}
        </section>
        {{{sections}}}
        """

    static let overrides = """
        <section id="overrides"><h2>Overrides</h2>
        {{^overrides}}<p class="soft">Nothing is otherwise than usual.</p>{{/overrides}}
        {{#hasOverrides}}<p class="soft">Set by errors of Meta's or by a person. <code>relevo overrides lift KEY</code> ends one.</p>
        <div class="scroll"><table>
        <thead><tr><th>What</th><th>Key</th><th>Since</th><th>Until</th><th class="r">Messages</th><th>Why</th></tr></thead><tbody>
        {{#overrides}}<tr><td><span class="state {{kind}}">{{what}}</span></td><td class="mono">{{key}}</td><td class="t">{{since}}</td><td class="t">{{until}}</td><td class="r num">{{#message}}<a href="{{message}}">{{count}}</a>{{/message}}</td><td>{{reason}}</td></tr>
        {{/overrides}}</tbody></table></div>{{/hasOverrides}}</section>
        """

    static let rebuilds = """
        <section id="rebuilds"><h2>Rebuilds</h2>
        {{^rebuilds}}<p class="soft">No rebuild yet. <code>relevo rebuild start</code> begins one.</p>{{/rebuilds}}
        {{#hasRebuilds}}<div class="scroll"><table>
        <thead><tr><th>Template</th><th>Number</th><th>State</th><th>Quality</th><th class="r">Day</th><th class="r">Sent</th><th class="r">Of</th><th>Next step</th></tr></thead><tbody>
        {{#rebuilds}}<tr><td><a href="{{path}}">{{template}}</a></td><td class="mono">{{number}}</td><td><span class="state {{kind}}">{{state}}</span></td><td>{{quality}}</td><td class="r num">{{step}}</td><td class="r num">{{sent}}</td><td class="r num">{{recipients}}</td><td class="t">{{next}}</td></tr>
        {{/rebuilds}}</tbody></table></div>{{/hasRebuilds}}</section>
        """

    static let rebuild = """
        <section id="rebuild"><h1>{{template}} <span class="state {{kind}}">{{state}}</span></h1>
        {{#reason}}<p class="note{{#bad}} bad{{/bad}}">{{reason}}</p>{{/reason}}
        <div class="facts">{{#figures}}<div><b>{{value}}</b><span>{{name}}</span></div>{{/figures}}</div></section>
        <section id="ramp"><h2>Ramp<span class="n">{{profile}}</span></h2>{{{chart}}}
        <div class="scroll"><table><thead><tr><th class="r">Day</th><th>Began</th><th class="r">Target</th><th class="r">Sent</th><th class="r">Arrived</th><th class="r">Read</th><th class="r">Failed</th><th class="r">Blocked or reported</th><th>State</th><th>Decided</th></tr></thead><tbody>
        {{#steps}}<tr><td class="r num">{{step}}</td><td class="t">{{began}}</td><td class="r num">{{target}}</td><td class="r num">{{sent}}</td><td class="r num">{{arrived}}</td><td class="r num">{{read}}</td><td class="r num">{{failed}}</td><td class="r num">{{bad}}</td><td>{{state}}</td><td>{{decision}}</td></tr>
        {{/steps}}</tbody></table></div></section>
        <section id="verdicts"><h2>Verdicts<span class="n">newest first</span></h2>
        {{^verdicts}}<p class="soft">None yet.</p>{{/verdicts}}
        <ol class="story">{{#verdicts}}<li><time class="num">{{at}}</time><span class="state {{kind}}">{{decision}}</span><span>{{reason}} <span class="soft">day {{step}}, {{moment}}</span></span></li>
        {{/verdicts}}</ol></section>
        {{#hasActions}}<section id="actions"><h2>What people did</h2><ol class="story">{{#actions}}<li><time class="num">{{at}}</time><span>{{action}}</span><span>{{why}} <span class="soft">by {{actor}}</span></span></li>{{/actions}}</ol></section>{{/hasActions}}
        """

    static let login = """
        <form class="card" method="post" action="/login"><h1>Relevo</h1>
        {{#note}}<p class="note bad" role="alert">{{note}}</p>{{/note}}
        <p class="soft">The operators' pages need an API key with the scope read.</p>
        <input type="hidden" name="next" value="{{next}}">
        <label for="key">API key</label><input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
        <button>Log in</button></form>
        """

    static let code = """
        <form class="card" method="post" action="/code/{{token}}" autocomplete="off"><h1>{{heading}}</h1>
        {{#note}}<p class="note {{noteKind}}" role="status">{{note}}</p>{{/note}}
        {{#client}}<p>{{client}}<br><span class="num soft">{{number}}</span></p>{{/client}}
        {{#text}}<p>{{text}}</p>{{/text}}
        {{#asks}}<label for="code">{{label}}</label>
        <input class="code" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12" required autofocus>
        <button>{{button}}</button>
        <p class="soft">{{care}}</p>{{/asks}}</form>
        """

    static let problem = """
        <section><h1>{{title}}</h1><p>{{message}}</p><p><a href="/">To the overview</a></p></section>
        """

    static func library() throws -> MustacheLibrary {
        var library = MustacheLibrary()
        for (name, text) in [
            ("layout", layout), ("frame", frame), ("overview", overview), ("numbers", numbers), ("number", number), ("message", message),
            ("plan", plan), ("rebuilds", rebuilds), ("overrides", overrides), ("rebuild", rebuild), ("login", login), ("code", code),
            ("problem", problem),
        ] { try library.register(text, named: name) }
        return library
    }
}
