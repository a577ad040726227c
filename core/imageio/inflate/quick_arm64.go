package inflate

func (d *decoder) quick() (done bool, err error) { return d.quickPlain() }
