package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/url"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"github.com/backupman/backupman/models"
)

const (
	// totpStep is how long a code is good for, and totpSlack how many steps the clock of
	// a phone may be off: RFC 6238, sections 4.1 and 5.2.
	totpStep  = 30
	totpSlack = 1
	// totpBytes is the length of a secret that RFC 4226, section 4, recommends.
	totpBytes = 20

	totpField = "totp_secret"
)

// totpCode is the code of a time step: RFC 4226, section 5.3, with SHA-1, which is what
// every authenticator takes.
func totpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
}

// totpMatch returns the time step of a code, which must be later than the newest that was
// used; ok is false for a code of none.
func totpMatch(secret []byte, code string, now time.Time, used int64) (step int64, ok bool) {
	present := now.Unix() / totpStep
	for s := present - totpSlack; s <= present+totpSlack; s++ {
		if subtle.ConstantTimeCompare([]byte(code), []byte(totpCode(secret, s))) == 1 && s > used {
			step, ok = s, true
		}
	}
	return step, ok
}

func totpRow(userID string) string { return "users/" + userID }

func (s *Service) totpSecret(u models.User) ([]byte, error) {
	secret, err := s.Seal.Unseal(u.TOTPSecret, totpRow(u.ID), totpField)
	if err != nil {
		return nil, fmt.Errorf("open the secret of the second factor of %s: %w", u.Name, err)
	}
	return secret, nil
}

func wrongCode() error {
	return models.Unauthorizedf("the code is wrong, or was used already: wait for the next one, or use a recovery code")
}

// StartTOTP makes a secret for a second factor, which counts once ConfirmTOTP has seen a
// code of it.
func (s *Service) StartTOTP(ctx context.Context, userID string, password models.Secret) error {
	u, err := s.again(ctx, userID, password)
	if err != nil {
		return err
	}
	sealed, err := s.Seal.Seal(random(totpBytes), totpRow(u.ID), totpField)
	if err != nil {
		return fmt.Errorf("seal a secret of a second factor: %w", err)
	}
	_, err = s.Store.ChangeUser(ctx, userID, func(u *models.User) error {
		if u.SecondFactor() {
			return models.Conflictf("%s has a second factor already: remove that first", u.Name)
		}
		u.TOTPSecret, u.TOTPStep = sealed, 0
		return nil
	})
	return err
}

func nothingPending(u models.User) error {
	if u.TOTPSecret != "" && !u.SecondFactor() {
		return nil
	}
	return models.NotFoundf("%s is not setting a second factor up: begin anew on the account's page", u.Name)
}

// PendingTOTP returns the secret that waits for its first code.
func (s *Service) PendingTOTP(ctx context.Context, userID string) (models.TOTP, error) {
	u, err := s.Store.User(ctx, userID)
	if err != nil {
		return models.TOTP{}, err
	}
	if err := nothingPending(u); err != nil {
		return models.TOTP{}, err
	}
	secret, err := s.totpSecret(u)
	if err != nil {
		return models.TOTP{}, err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	address := totpURL(u.Name, text)
	code, err := qrImage(address)
	return models.TOTP{Secret: text, URL: address, Image: code}, err
}

// totpURL is in the format of
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
func totpURL(name, secret string) string {
	query := url.Values{"secret": {secret}, "issuer": {"Backupman"}}
	return (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/Backupman:" + name, RawQuery: query.Encode()}).String()
}

const (
	// qrPixels is the width of a module, and qrMargin how many of them are left free
	// around the code: ISO/IEC 18004 asks for four.
	qrPixels = 5
	qrMargin = 4
)

func qrImage(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	size, margin := code.Bounds().Dx()*qrPixels, qrMargin*qrPixels
	scaled, err := barcode.Scale(code, size, size)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	picture := image.NewGray(image.Rect(0, 0, size+2*margin, size+2*margin))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(picture, scaled.Bounds().Add(image.Pt(margin, margin)), scaled, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	return out.Bytes(), nil
}

// ConfirmTOTP switches the second factor on, and returns the recovery codes, once.
func (s *Service) ConfirmTOTP(ctx context.Context, userID string, code models.Secret) ([]string, error) {
	u, err := s.Store.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	if err := nothingPending(u); err != nil {
		return nil, err
	}
	secret, err := s.totpSecret(u)
	if err != nil {
		return nil, err
	}
	at := s.Now()
	step, ok := totpMatch(secret, withoutGaps(code.Reveal()), at, u.TOTPStep)
	if !ok {
		return nil, models.Invalidf("the code is not one of this secret: scan it again, and look whether the clock of the phone is right")
	}
	codes, hashes := newRecoveryCodes()
	_, err = s.Store.ChangeUser(ctx, userID, func(now *models.User) error {
		if now.TOTPSecret != u.TOTPSecret || now.SecondFactor() {
			return models.Conflictf("the second factor of %s was changed meanwhile: begin anew", u.Name)
		}
		now.TOTPAt, now.TOTPStep, now.RecoveryCodes = &at, step, hashes
		return nil
	})
	return codes, err
}

// RemoveTOTP switches the second factor off.
func (s *Service) RemoveTOTP(ctx context.Context, userID string, password models.Secret) error {
	if _, err := s.again(ctx, userID, password); err != nil {
		return err
	}
	_, err := s.Store.ChangeUser(ctx, userID, func(u *models.User) error {
		withoutTOTP(u)
		return nil
	})
	return err
}

func withoutTOTP(u *models.User) {
	u.TOTPSecret, u.TOTPAt, u.TOTPStep, u.RecoveryCodes = "", nil, 0, nil
}
