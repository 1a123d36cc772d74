"""The help that Rede Acácias gives in winter, as the utility writes it down: a programme of one season, invented.

The public programmes a home may be entitled to come with the cloud; what a utility gives of its own is its own file.
"""

PROGRAMME = """\
id = "acacias-winter-grant"
jurisdiction = "BR-PR-ACACIAS"
kind = "grant"

[name]
en = "Rede Acácias winter grant"
pt-BR = "Auxílio de inverno da Rede Acácias"
es = "Ayuda de invierno de Rede Acácias"
fr = "Aide d’hiver de Rede Acácias"

[asks.cadunico]
kind = "yes_no"
[asks.cadunico.words]
en = "the family is registered in CadÚnico"
pt-BR = "a família está inscrita no CadÚnico"
es = "la familia está inscrita en el CadÚnico"
fr = "la famille est inscrite au CadÚnico"

[asks.income_per_capita_min_wages]
kind = "number"
[asks.income_per_capita_min_wages.words]
en = "monthly income per person, in minimum wages"
pt-BR = "renda mensal por pessoa, em salários mínimos"
es = "ingreso mensual por persona, en salarios mínimos"
fr = "revenu mensuel par personne, en salaires minimums"

[[version]]
valid_from = 2026-06-01
valid_to = 2026-09-30
status = "ended"
read_on = 2026-10-01
read_again_by = 2028-06-01
[version.eligible]
all = [{ fact = "cadunico", is = true }, { fact = "income_per_capita_min_wages", at_most = 0.5 }]
[version.benefit]
en = "120 reais off one bill of the winter"
pt-BR = "120 reais de desconto em uma conta do inverno"
es = "120 reales de descuento en una factura del invierno"
fr = "120 réaux de réduction sur une facture de l’hiver"
[version.apply]
en = "at any of our counters"
pt-BR = "em qualquer um dos nossos balcões"
es = "en cualquiera de nuestros mostradores"
fr = "à l’un de nos guichets"
[[version.source]]
title = "Rede Acácias, notice 7/2026"
found_in = "the utility's own archive"
verified = "page"

[[version]]
valid_from = 2027-06-01
valid_to = 2027-09-30
status = "active"
read_on = 2027-06-01
read_again_by = 2027-10-01
[version.eligible]
all = [{ fact = "cadunico", is = true }, { fact = "income_per_capita_min_wages", at_most = 0.5 }]
[version.benefit]
en = "150 reais off one bill of the winter"
pt-BR = "150 reais de desconto em uma conta do inverno"
es = "150 reales de descuento en una factura del invierno"
fr = "150 réaux de réduction sur une facture de l’hiver"
[version.apply]
en = "at any of our counters, with the family's CadÚnico number"
pt-BR = "em qualquer um dos nossos balcões, com o número do CadÚnico da família"
es = "en cualquiera de nuestros mostradores, con el número de CadÚnico de la familia"
fr = "à l’un de nos guichets, avec le numéro CadÚnico de la famille"
[[version.source]]
title = "Rede Acácias, notice 4/2027"
found_in = "the utility's own archive"
verified = "page"
"""
