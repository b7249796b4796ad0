package drive

// The settings that every kind of drive has besides its own.
const (
	// SettingRateLimit bounds how fast the drive is written and read.
	SettingRateLimit = "rate_limit"
	// SettingMaxUploads bounds how many copies are made on the drive at once.
	SettingMaxUploads = "max_uploads"
	// SettingVerify says how a copy is compared with the dump: VerifyAuto or VerifyReadBack.
	SettingVerify = "verify"
	// SettingSample says how often some copies are read back: SampleWeekly,
	// SampleMonthly or SampleNever.
	SettingSample = "sample"
)

// How often some copies on a drive are read back between backups.
const (
	SampleWeekly  = "weekly"
	SampleMonthly = "monthly"
	SampleNever   = "never"
)

// How copies are compared with the dump.
const (
	// VerifyAuto trusts what the provider computed over the whole stored copy, and
	// reads the copy back where it does not tell that.
	VerifyAuto = "auto"
	// VerifyReadBack always reads the copy back.
	VerifyReadBack = "read_back"
)
