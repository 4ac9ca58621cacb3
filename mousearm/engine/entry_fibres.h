// What the program calls: lengths, velocities and tensions of the fibres of muscles, rows [begin, end) of arrays.
extern "C" void fibres_f64(int64_t begin, int64_t end, const double* qpos, const double* qvel, const double* act,
                           double* length, double* velocity, double* tension) {
  using namespace arm;
  typedef Rows<double>::T T;
  each<double>(begin, end, [=](Rows<double> rows) {
    T q[NV], v[NV], a[ATLEAST1(NA)], l[NU], r[NU], t[NU];
    rows.load(qpos, NV, q), rows.load(qvel, NV, v), rows.load(act, NA, a);
    fibres(q, v, a, l, r, t);
    rows.store(l, NU, length), rows.store(r, NU, velocity), rows.store(t, NU, tension);
  });
}
