from tests.planner.test_end_of_data import *
for order in ("-name","-name -whole","name"):
  for cap,bel in ((25,200),(2,3),(5,3),(10,5)):
    crm = filled(rows=120, page_cap=cap)
    for cond in (Q(whole__gte=1),)+tuple(CONDITIONS[n](crm) for n in ("blank", "negated", "residual", "by id", "semi-join")):
        s = select(crm, cond, order)
        truth = crm.ids(s, careful(page_size=cap)); crm.log.clear()
        got= crm.ids(s, careful(page_size=bel))
        if got!=truth:
            print(order,cap,bel,cond,len(truth),len(got),len(set(got)),set(got)==set(truth), next(i for i,(a,b) in enumerate(zip(got,truth)) if a!=b) if len(got)==len(truth) else '')
            #for l in crm.log: print("   ",l)
