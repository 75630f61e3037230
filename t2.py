from generated.demo import Contacts, connect
from vtiger_orm.emulator import Crm
from vtiger_orm.conditions.collation import sort_key
with Crm() as crm:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as s:
        for name in ("multi_select","department","firstname"):
            with s.count_calls() as n:
                rows = list(Contacts.objects.order_by(name, "lastname").values_list(name, "lastname"))
            blanks = [sort_key(l) for m, l in rows if m is None]
            runs = 1 + sum(b < a for a, b in zip(blanks, blanks[1:]))
            bad=[(a,b) for a,b in zip(blanks,blanks[1:]) if b<a]
            print(name, len(blanks), "runs", runs, bad[:2], n.count)
