"""The words that come with the portal: key, part, title, text in markdown, in the order in which pages show them."""

from __future__ import annotations

from typing import Final

from members.models import Text

Part = Text.Part

SHIPPED: Final = (
    (
        "home",
        Part.HOME,
        "Many hubs, one Binder",
        "Somebody opens a notebook, and one of these hubs runs it. Independent teams share the work; "
        "each has the part of the launches that it can carry.",
    ),
    (
        "step-address",
        Part.STEPS,
        "One address",
        "Every badge and every link points to one address. It never has to know which hubs there are today.",
    ),
    (
        "step-hub",
        Part.STEPS,
        "A hub with room",
        "The redirector sends the launch to a hub: as many to each as its weight promises, and a repository to the "
        "same hub where it can, because its image is there already.",
    ),
    (
        "step-failure",
        Part.STEPS,
        "And when a hub fails",
        "A hub that is unwell or full is skipped until it is well again. The others take its launches, and nobody "
        "has to change a link.",
    ),
    (
        "invitation",
        Part.INVITATION,
        "Could you carry a part?",
        "A few machines or a grant of cloud credits are enough. You say how much; we send you as many launches as you "
        "can handle, and no more.",
    ),
    (
        "members",
        Part.MEMBERS,
        "Who powers this",
        "Every launch runs on machines that one of these organisations gives, pays for or looks after. Thank you.",
    ),
    (
        "how",
        Part.HOW,
        "How it works",
        "One public address, several independent hubs, and a small program between them that decides who gets the next "
        "launch.",
    ),
    (
        "how-redirects",
        Part.HOW,
        "From a link to a running notebook",
        "A launch link names a repository and a version of it, never a hub. The redirector picks a hub and answers "
        "with a redirect; from there on the visitor talks to that hub alone. The hub builds the repository's image, "
        "unless it has it already, and starts it.\n\n"
        "The redirector keeps nothing about visitors. A cookie remembers for a few hours which hub a link led to, so "
        "that a reload ends up in the same place.",
    ),
    (
        "how-weights",
        Part.HOW,
        "Who gets how much",
        "Each hub has a *weight*: its part of all launches. A hub with weight 30 next to one with weight 70 is "
        "promised 30 % of them. Maintainers set weights together with the hub's team, say why, and the redirector "
        "follows within two seconds.\n\n"
        "A weight is a promise, and sometimes less can be kept: a hub that just came back starts slowly, one that "
        "fills up gets less, one in maintenance gets nothing. Each hub's page shows the whole sum with its reasons.",
    ),
    (
        "how-affinity",
        Part.HOW,
        "Why a repository has a home",
        "Building an image takes minutes, starting one takes seconds, and hubs do not share images. So every "
        "repository has a home hub, where its image is built once and found again.\n\n"
        "A few repositories are so popular that their home alone would drown. Only those spill over to further hubs, "
        "and only as far as it takes for every hub to get its share.",
    ),
    (
        "how-health",
        Part.HOW,
        "What happens when something breaks",
        "Every hub is asked every few seconds how it is. One that does not answer, has no room left, or runs other "
        "versions than the rest is skipped, and the other hubs take its launches. When it is well again it comes back "
        "step by step.\n\n"
        "The redirector needs nothing but itself for this. If this portal, its database or the whole data centre "
        "around it goes away, launches go on with what was last known to be good.",
    ),
    (
        "how-needs",
        Part.HOW,
        "What a hub needs",
        "- a BinderHub that the internet reaches by https, under a name of its own\n"
        "- `/health` and `/versions`, which every BinderHub has, in the form that BinderHub gives them\n"
        "- the same BinderHub and repo2docker as the others have, so that a repository builds alike everywhere\n"
        "- a registry for its images, and a limit on its pods that it can really serve\n"
        "- somebody who can be reached when it has trouble",
    ),
    (
        "join",
        Part.JOIN,
        "Join the federation",
        "You bring compute, and as much of your time as you like. Together with the others you keep reproducible "
        "notebooks one click away for everybody who teaches, learns or checks a result.",
    ),
    (
        "join-takes",
        Part.JOIN,
        "What it takes",
        "- Some compute for at least a few months: the larger and the steadier, the more visitors meet a warm image.\n"
        "- A word on its limits: how many users at the same time, until when, who pays, what is not allowed on it.\n"
        "- A person we can reach. Not around the clock: reasonable uptime is all that is asked.",
    ),
    (
        "join-takes-not",
        Part.JOIN,
        "What it does not take",
        "- A contract. There is no service agreement; you can pause or leave whenever you have to.\n"
        "- All your machines. You say how many launches you can handle, and the share moves up or down with it.\n"
        "- Experience with BinderHub, if you give compute and leave the rest to us.",
    ),
    (
        "way-team",
        Part.WAYS,
        "You give compute, we operate it",
        "You give the federation's team access to a cloud project or a Kubernetes cluster, or pay for one. The team "
        "installs the hub, keeps it up to date and looks after it.\n\n"
        "**You need:** credits, a grant or machines, and somebody who knows the bill.\n\n"
        "**Your time:** an hour now and then.",
    ),
    (
        "way-member",
        Part.WAYS,
        "You give compute and operate it",
        "You run a BinderHub of your own, on your machines and by your rules, and the federation sends it launches.\n\n"
        "**You need:** a BinderHub, or the wish to set one up, and people who know Kubernetes.\n\n"
        "**Your time:** a few hours a month, and more in the week in which something breaks.",
    ),
    (
        "question-between",
        Part.QUESTIONS,
        "Is there something between the two ways?",
        "Yes. They are the two ends of a line, and most members stand somewhere on it: you may operate the cluster "
        "while we keep the BinderHub on it up to date. Tell us what fits.",
    ),
    (
        "question-size",
        Part.QUESTIONS,
        "How large must it be?",
        "A hub is of use from about fifty users at the same time; a usual one gets 1 to 2 GiB of memory for each. "
        "Below that, ask anyway: credits of several members can pay for one hub.",
    ),
    (
        "question-share",
        Part.QUESTIONS,
        "How much traffic will we get?",
        "To begin with one in a hundred launches, or fewer. It grows in steps while your hub stays well, up to what we "
        "agreed, and you can always say: not more than so many users.",
    ),
    (
        "question-cost",
        Part.QUESTIONS,
        "What will it cost us?",
        "What your provider asks for the machines, mostly. Your hub's page shows what it was promised and what it "
        "really got, month by month, so that you can tell your funder what their money did.",
    ),
    (
        "question-misuse",
        Part.QUESTIONS,
        "What about misuse?",
        "Notebooks run without an account, so there will be some. Each session is limited in memory, processor and "
        "time, and outgoing traffic is restricted. Members tell each other what they see and block it together.",
    ),
    (
        "question-data",
        Part.QUESTIONS,
        "What do you learn about our visitors?",
        "Nothing: neither address nor name is kept. We count how many launches went where and of which public "
        "repository.",
    ),
    (
        "question-leave",
        Part.QUESTIONS,
        "And if our credits run out?",
        "Then you pause or leave: one click, and launches go to the other hubs from the next second on. We remind you "
        "before an offer ends. Past members stay on the members page, with our thanks.",
    ),
    (
        "question-next",
        Part.QUESTIONS,
        "What happens after we apply?",
        "You confirm your e-mail address, and maintainers look at your offer. They may ask a question; you answer on a "
        "page of your own. When it is a yes, a checklist leads us together from the first DNS record to the first "
        "launch.",
    ),
)
