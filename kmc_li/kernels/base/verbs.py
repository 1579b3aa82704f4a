"""What the alternatives of a run have to do: each method, law and layer model says how, in a file of its own.

A method finds the voxel at which the next ion is plated, a law says what current passes a face, a layer model presses
on the deposit. Verbs marked P are called by Python only and may be plain functions.
"""

from kmc_li.kernels.base.jit import Verb

# Methods: kmc_li/kernels/methods
begin = Verb("begin", "P (method, model, box, state): make everything follow from the initial deposit")
take_over = Verb("take_over", "P (method, old, model, box, state): `begin`, with what the state `old` knew; the state")
restore = Verb("restore", "P (method, box, state): rebuild what a checkpoint leaves out")
enlarge = Verb("enlarge", "P (method): the same with room for more sites")
refresh = Verb("refresh", "P (method, model, box, state): what is due when `refresh_is_due` says so")
mean_field = Verb("mean_field", "P (method, box, state): (mean potential above the deposit, share of the high columns)")
rates_in_use = Verb("rates_in_use", "P (method, out): out[voxel] = its rate; False: none that follow a field")
guidance = Verb("guidance", "P (method, box, state): what guided walkers find: (conductance, source, dissolution)")
physics = Verb("physics", "P (method): (law, layer, settings, whether faces are weighted, potential or None)")
event_loop = Verb("event_loop", "P (method, model): the loop that serves it; the general one, or one of its own")
room = Verb("room", "(method): how many sites may be added; the loop asks for more in time")
total_rate = Verb("total_rate", "(method, model, box, n): sum of the rates of plating and dissolution [1/s]")
draw = Verb("draw", "(method, model, box, state, rng): the voxel that plates or dissolves next, -1 for none")
sink = Verb("sink", "(method, cell, box, n, x, y, s, faces): conductance of a voxel's faces for walkers")
plain_below = Verb("plain_below", "(method, n): plane up to which contacts.landing bounds the chance to land")
most_sink = Verb("most_sink", "(method, n, s, faces): what `sink` is at most")
withdraw = Verb("withdraw", "(method, box, state, voxel): a voxel is about to turn to metal or from it")
update = Verb("update", "(method, model, box, state, voxel): a voxel has changed, and with it what happens around it")
after_event = Verb("after_event", "(method, model, box, state, voxel): look at what the whole deposit has become")
defers_updates = Verb("defers_updates", "(method): whether between hops an update may wait for `flush`")
is_stale = Verb("is_stale", "(method, box, voxel, empty): whether the method takes a voxel for what it is not")
note_deferred = Verb("note_deferred", "(method, box, state, voxel): first half of a deferred update")
update_deferred = Verb("update_deferred", "(method, model, box, state, voxel): second half, after the first of all")
refresh_is_due = Verb("refresh_is_due", "(method, n): whether the loop has to let Python refresh")
hops_one_at_a_time = Verb("hops_one_at_a_time", "(method): whether each hop changes the sum of the rates")
behind = Verb("behind", "(method, cell, box, n, voxel, rng): stripping: what changes when a voxel is drawn, beside it")
potential_above = Verb("potential_above", "(method, box, n): stripping: mean potential above the deposit")
note_moved = Verb("note_moved", "(method, box, state, moved): dead Li has left or reached the first of `search.voxel`")
contact_change = Verb("contact_change", "(method, n, before): Li died or revived, and its rates summed to `before`")

# Laws: kmc_li/kernels/laws; each holds `wagner`, float (1,), the Wagner length over the voxel at small currents
in_double = Verb("in_double", "P (law, voxels): the same law in double precision on a lattice of so many voxels")
is_linear = Verb("is_linear", "(law): whether current is proportional to potential less shift")
stiffest = Verb("stiffest", "(law): least resistance of a face, that of half a voxel included")
area_ratio = Verb("area_ratio", "(law, voxel): staircase faces for one of true area, as last used")
tangent = Verb("tangent", "(law, voxel, phi, faces, shift, kappa, ratio, s): (conductance, source) of a cell's faces")
currents = Verb("currents", "(law, voxel, phi, faces, shift, kappa, sink, s): (plating, dissolving) current, both >= 0")
dissolution = Verb("dissolution", "(law, voxel, drive, faces, kappa, sink): current of one face that dissolves, >= 0")

# Layer models: kmc_li/kernels/layers
reversed_shifts = Verb("reversed_shifts", "P (layer): the same with all shifts of the other sign, for stripping")
in_parts = Verb("in_parts", "P (layer, parts): the same with lengths in parts of a voxel, for signed walkers")
shift_at = Verb("shift_at", "(layer, height, rest): shift of a face at that height, for signed walkers")
shifts_faces = Verb("shifts_faces", "P (layer): whether the layer shifts any face at all")
press = Verb("press", "(layer, area, columns, field, n): press on the deposit; lowest plane whose equations changed")
rest_plane = Verb("rest_plane", "(layer, area, columns, top): height of the layer's lower face where nothing presses")
may_dissolve = Verb("may_dissolve", "(layer, shift, s): whether Li of this plane can dissolve")
moved = Verb("moved", "(layer, area, columns, n, height): change of all shifts since the layer was pressed, summed")
lowers_shifts = Verb("lowers_shifts", "(layer): whether pressed faces are those that plate more easily")
pressure_on = Verb("pressure_on", "(layer, height, rest): pressure on metal of that height, in stiffness * voxel")
added_resistance = Verb("added_resistance", "(layer, reference, top, rest): of the layer over the electrolyte's")

# Hops and contact: kernels/hopping.py, kernels/contact.py; NoHops and NoSearch do without, and without their code
wait = Verb("wait", "(hoppers, model, box, state, rng, max_events, max_time): let time pass until an event is pending")
pending_hop = Verb("pending_hop", "(hoppers, model, box, state): carry out the hop that is pending")
note_hoppers = Verb("note_hoppers", "(hoppers, cell, box, voxel): a voxel has changed, and with it who may hop")
connect = Verb("connect", "(search, box, state, voxel): Li has come, live or dead; how many voxels it has revived")
disconnect = Verb("disconnect", "(search, box, state, voxel, dead): Li has gone; how many voxels died")
update_around = Verb("update_around", "(search, model, box, state, count): tell the method of who died or revived")
